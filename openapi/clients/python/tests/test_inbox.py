import gc
import json
import os
import signal
import threading
import time

import triggers_api
from triggers_api import OutgoingEvent, Stop
from triggers_api._lease_keeper import LeaseKeeper

from .case import ServerCase


class Loop(ServerCase):
    def fill(self, count):
        self.triggers.send_batch([OutgoingEvent("a", {"n": n}) for n in range(count)])

    def test_an_event_is_acknowledged_when_the_loop_asks_for_the_next(self):
        self.fill(5)
        seen = []
        with self.triggers.inbox(stop_when_empty=True) as inbox:
            for event in inbox:
                self.assertIn(event.payload, self.waiting(), "not yet acknowledged in the loop")
                seen.append(event.payload["n"])
        self.assertEqual(seen, [0, 1, 2, 3, 4])
        self.assertEqual(self.waiting(), [])

    def test_an_exception_releases_what_is_in_hand(self):
        self.fill(5)
        with self.assertRaisesRegex(RuntimeError, "my own"):
            with self.triggers.inbox() as inbox:
                for event in inbox:
                    if event.payload["n"] == 2:
                        raise RuntimeError("my own")
        self.assertEqual(self.free(), [{"n": 2}, {"n": 3}, {"n": 4}])

    def test_a_break_releases_what_is_in_hand_also_without_with(self):
        self.fill(3)
        for event in self.triggers.inbox():
            break
        del event
        gc.collect()
        self.assertEqual(self.free(), [{"n": 0}, {"n": 1}, {"n": 2}])

    def test_what_was_settled_in_the_loop_is_left_at_that(self):
        self.fill(3)
        with self.triggers.inbox(stop_when_empty=True) as inbox:
            for event in inbox:
                if event.payload["n"] == 0:
                    event.reject("no customer")
                elif event.payload["n"] == 1:
                    event.release(delay_seconds=600)
                else:
                    event.acknowledge()
        self.assertEqual(self.waiting(), [{"n": 1}])
        letters = self.triggers.call("GET", "/v1/dead-letters")["dead_letters"]
        self.assertEqual([letter["payload"] for letter in letters], [{"n": 0}])

    def test_only_the_types_that_were_asked_for_come(self):
        for event_type in ("order.created", "order.paid", "customer.created"):
            self.triggers.send(event_type, {"type": event_type})
        with self.triggers.inbox(event_types=["order.*"], stop_when_empty=True) as inbox:
            self.assertEqual([event.event_type for event in inbox], ["order.created", "order.paid"])
        page = self.triggers.peek(event_types=["customer.created", "x"])
        self.assertEqual([event.event_type for event in page.events], ["customer.created"])

    def test_it_begins_with_one_event_and_fetches_more_as_all_goes_well(self):
        self.fill(10)
        proxy = self.unreliable()
        with self.client(proxy.url).inbox(stop_when_empty=True, max_events=4) as inbox:
            self.assertEqual(len(list(inbox)), 10)
        receives = [json.loads(request.body) for request in proxy.requests if request.path == "/v1/inbox/receive"]
        self.assertEqual([receive["max_events"] for receive in receives], [1, 2, 4, 4, 4])
        self.assertEqual(len({receive["receive_id"] for receive in receives}), 5)

    def test_the_lost_answer_of_a_receive_costs_nothing(self):
        self.fill(1)
        proxy = self.unreliable("lose", "cut")
        with self.client(proxy.url).inbox(stop_when_empty=True) as inbox:
            events = list(inbox)
        self.assertEqual([(event.payload, event.delivery.count) for event in events], [({"n": 0}, 1)])
        self.assertEqual(len({request.body for request in proxy.requests[:3]}), 1, "the same receive, three times")

    def test_a_lost_answer_to_an_acknowledgement_is_no_trouble(self):
        self.fill(2)
        proxy = self.unreliable(None, "lose", None, None, "cut")
        with self.client(proxy.url).inbox(stop_when_empty=True) as inbox:
            self.assertEqual(len(list(inbox)), 2)
        self.assertEqual(self.waiting(), [])

    def test_a_lease_is_kept_while_the_loop_is_slow(self):
        self.fill(2)
        proxy = self.unreliable(None, "reset")  # the first extension fails
        with self.client(proxy.url).inbox(lease_seconds=5, stop_when_empty=True, max_events=1) as inbox:
            event = next(inbox)
            end = time.monotonic() + 6.5
            while time.monotonic() < end:
                others = self.triggers.receive(max_events=10, wait_seconds=1, lease_seconds=3600)
                self.assertNotIn(event.event_id, [other.event_id for other in others])
            self.assertGreater(len([request for request in proxy.requests if b'"extend"' in request.body]), 2)
            self.assertFalse(event.lost.is_set())
            self.assertEqual(list(inbox), [])
        self.assertEqual(self.waiting(), [{"n": 1}])
        self.assertEqual(self.triggers.get_event(event.event_id).delivery.count, 1)

    def test_a_lease_that_is_lost_is_told_and_ends_nothing(self):
        self.fill(2)
        with self.triggers.inbox(lease_seconds=5, stop_when_empty=True) as inbox:
            event = next(inbox)
            self.triggers.acknowledge(event.event_id)  # by somebody else
            self.assertTrue(event.lost.wait(5))
            self.assertEqual([other.payload for other in inbox], [{"n": 1}])

    def test_a_stop_ends_a_long_poll_at_once(self):
        stop = Stop()
        threading.Timer(0.3, stop.set).start()
        begun = time.monotonic()
        with self.triggers.inbox(wait_seconds=20, stop=stop) as inbox:
            self.assertEqual(list(inbox), [])
        self.assertLess(time.monotonic() - begun, 5)

    def test_a_signal_ends_the_loop_after_the_event_in_hand(self):
        self.fill(3)
        with self.triggers.inbox(wait_seconds=20) as inbox:
            self.addCleanup(signal.signal, signal.SIGUSR1, signal.signal(signal.SIGUSR1, inbox.stop))
            seen = []
            for event in inbox:
                seen.append(event.payload)
                if len(seen) == 2:
                    os.kill(os.getpid(), signal.SIGUSR1)
        self.assertEqual(seen, [{"n": 0}, {"n": 1}])
        self.assertEqual(self.free(), [{"n": 2}], "the handled ones acknowledged, the other one free")

    def test_a_stop_ends_the_wait_between_two_attempts(self):
        proxy = self.unreliable((503, {"Retry-After": "30"}, "{}"))
        stop = Stop()
        proxy.on_request = lambda request: threading.Timer(0.1, stop.set).start()
        begun = time.monotonic()
        with self.client(proxy.url).inbox(stop=stop) as inbox:
            self.assertEqual(list(inbox), [])
        self.assertLess(time.monotonic() - begun, 5)

    def test_a_key_that_has_ended_ends_the_loop(self):
        proxy = self.unreliable((401, {}, "{}"))
        with self.assertRaises(triggers_api.AuthenticationError):
            list(self.client(proxy.url).inbox())


    def test_what_cannot_be_released_for_a_moment_is_released_in_the_next(self):
        self.fill(1)
        proxy = self.unreliable(None)  # the receive
        busy = {"index": 0, "event_id": "evt_1", "status": "failed", "error": {"code": "unavailable", "detail": "busy", "retryable": True}}
        proxy.faults.append((207, {}, json.dumps({"results": [busy]})))
        with self.client(proxy.url).inbox() as inbox:
            next(inbox)
        self.assertEqual(self.free(), [{"n": 0}])

    def test_a_settlement_that_takes_long_makes_no_storm_of_extensions(self):
        self.fill(2)
        going_on, done = self.triggers.receive(max_events=2, lease_seconds=5)
        proxy = self.unreliable()
        keeper = LeaseKeeper(self.client(proxy.url)._http, 5)
        self.addCleanup(keeper.close)
        for event in (going_on, done):
            event._set(settling=True, _keeper=keeper)
        before = going_on.lease_expires_at
        keeper.keep(going_on, 2)
        self.until("the lease is extended meanwhile", lambda: going_on.lease_expires_at > before)
        self.assertEqual(len(proxy.requests), 1)
        keeper.forget(going_on)
        self.triggers.acknowledge(done.event_id)  # done, and the answer is not there yet
        begun = time.monotonic()
        keeper.keep(done, 2)
        self.until("asked three times more", lambda: len(proxy.requests) >= 4)
        self.assertGreater(time.monotonic() - begun, 0.45)
        self.assertFalse(done.lost.is_set(), "the answer of the settlement will tell")


class Calls(ServerCase):
    def test_a_page_leads_to_the_next(self):
        self.triggers.send_batch([OutgoingEvent("a", {"n": n}) for n in range(5)])
        first = self.triggers.peek(limit=3)
        second = self.triggers.peek(limit=3, cursor=first.next_cursor)
        self.assertEqual([event.payload["n"] for event in first.events + second.events], [0, 1, 2, 3, 4])
        self.assertEqual((first.has_more, second.has_more, second.next_cursor), (True, False, None))

    def test_a_peek_waits_for_an_event(self):
        threading.Timer(0.2, self.triggers.send, ("a", {"late": True})).start()
        self.assertEqual(len(self.triggers.peek(wait_seconds=10).events), 1)

    def test_events_are_settled_by_hand(self):
        self.triggers.send("a", {})
        (event,) = self.triggers.receive(receive_id="mine", lease_seconds=30)
        (same,) = self.triggers.receive(receive_id="mine")
        self.assertEqual(event.lease_token, same.lease_token)
        before = event.lease_expires_at
        event.extend(300)
        self.assertGreater(event.lease_expires_at, before)
        event.release()
        event.release()
        self.assertEqual(event.settled, "released")
        (newer,) = self.triggers.receive()
        with self.assertRaises(triggers_api.LeaseLostError):
            event.acknowledge()
        self.assertTrue(event.lost.is_set())
        newer.acknowledge()
        self.assertEqual(self.waiting(), [])

    def test_many_are_acknowledged_by_their_ids(self):
        ids = [item.event_id for item in self.triggers.send_batch([OutgoingEvent("a", {})] * 501).results]
        self.assertEqual(self.triggers.acknowledge(ids[0])["status"], "acknowledged")
        result = self.triggers.acknowledge([*ids, "evt_unknown", ids[1]])
        self.assertEqual((result.acknowledged, result.already_acknowledged, result.failed), (500, 1, 1))
        self.assertEqual([each["index"] for each in result.results], list(range(503)))
        self.assertEqual(result.results[501]["error"]["code"], "event_not_found")
        with self.assertRaises(triggers_api.NotFoundError):
            self.triggers.acknowledge("evt_un/known?")

    def test_ids_that_failed_for_a_moment_are_sent_again_and_only_they(self):
        ids = [item.event_id for item in self.triggers.send_batch([OutgoingEvent("a", {"n": n}) for n in range(3)]).results]
        self.triggers.acknowledge(ids[:1])
        error = {"code": "unavailable", "detail": "busy", "retryable": True}
        results = [
            {"index": 0, "event_id": ids[0], "status": "acknowledged", "already_acknowledged": True},
            {"index": 1, "event_id": ids[1], "status": "failed", "error": error},
            {"index": 2, "event_id": ids[2], "status": "failed", "error": error},
        ]
        proxy = self.unreliable((207, {}, json.dumps({"results": results})))
        result = self.client(proxy.url).acknowledge(ids)
        self.assertEqual((result.acknowledged, result.already_acknowledged, result.failed), (2, 1, 0))
        self.assertEqual([json.loads(request.body)["event_ids"] for request in proxy.requests], [ids, ids[1:]])
        self.assertEqual([(each["index"], each["event_id"]) for each in result.results], list(enumerate(ids)))
        self.assertEqual(self.waiting(), [])

    def test_ids_that_go_on_failing_are_reported(self):
        item = {"index": 0, "event_id": "evt_1", "status": "failed", "error": {"code": "unavailable", "detail": "busy", "retryable": True}}
        proxy = self.unreliable(*[(207, {}, json.dumps({"results": [item]}))] * 3)
        result = self.client(proxy.url, max_attempts=3).acknowledge(["evt_1"])
        self.assertEqual((len(proxy.requests), result.failed, result.results[0]["error"]["code"]), (3, 1, "unavailable"))

    def test_an_answer_that_is_not_the_apis_is_an_error_like_every_other(self):
        proxy = self.unreliable()
        client = self.client(proxy.url)
        calls = [
            lambda: client.send("a", {}),
            lambda: client.send_batch([OutgoingEvent("a", {})]),
            client.peek,
            client.receive,
            lambda: list(client.inbox()),
            lambda: client.get_event("evt_1"),
            lambda: client.acknowledge(["evt_1"]),
        ]
        for answer in ("{}", "[]", "null", '{"events":[{}],"results":[{}]}', '{"events":7,"results":7}', "<html>"):
            for number, call in enumerate(calls):
                with self.subTest(f"{number} {answer}"):
                    proxy.faults.append((200, {}, answer))
                    with self.assertRaises(triggers_api.TriggersError) as caught:
                        call()
                    self.assertEqual(caught.exception.code, "unexpected_answer")

    def test_a_bulk_replay_whose_answer_is_lost_gives_the_job_that_it_has_begun(self):
        ids = [item.event_id for item in self.triggers.send_batch([OutgoingEvent("a", {})] * 3).results]
        self.triggers.acknowledge(ids)
        stretch = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
        proxy = self.unreliable("lose")
        job = self.client(proxy.url).replay(filter=stretch, max_per_second=1)
        self.assertEqual((job["kind"], job["matched"]), ("replay", 3))
        self.assertEqual([request.method for request in proxy.requests], ["POST", "POST", "GET"])
        with self.assertRaises(triggers_api.ConflictError) as caught:  # it is not this call that has begun it
            self.triggers.replay(filter=stretch, max_per_second=1)
        self.assertEqual(caught.exception.problem["job_id"], job["job_id"])

    def test_a_bulk_replay_does_not_take_anothers_job_for_its_own(self):
        refused = (409, {}, json.dumps({"code": "job_in_progress", "job_id": "job_1"}))
        older = {"kind": "replay", "created_at": "2026-01-01T00:00:00.000Z"}
        other = {"kind": "redrive", "created_at": "2100-01-01T00:00:00.000Z"}
        for job in (older, other):
            proxy = self.unreliable("reset", refused, (200, {}, json.dumps(job)))
            with self.assertRaises(triggers_api.ConflictError):
                self.client(proxy.url).call("POST", "/v1/events/replay", {"filter": {}})
            self.assertEqual(len(proxy.requests), 3)

    def test_a_key_is_rotated_once_whatever_becomes_of_the_answer(self):
        proxy = self.unreliable(None, "reset")
        client = self.client(proxy.url)
        client.usage()
        with self.assertRaises(triggers_api.ConnectionError):
            client.call("POST", "/v1/keys/rotate", {})
        self.assertEqual((len(proxy.requests), proxy.connections), (2, 2), "and not over a connection that may have ended")

    def test_what_was_acknowledged_comes_back(self):
        sent = self.triggers.send("a", {"n": 1})
        self.triggers.acknowledge(sent.event_id)
        self.assertEqual(self.triggers.replay(sent.event_id)["event_id"], sent.event_id)
        (event,) = self.triggers.peek().events
        self.assertTrue(event.delivery.replayed)
        self.triggers.acknowledge(sent.event_id)
        stretch = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
        self.assertEqual(self.triggers.replay(filter=stretch, dry_run=True)["matched"], 1)
        self.assertEqual(self.waiting(), [])
        self.triggers.replay(filter=stretch, limit=10)
        self.assertEqual(self.waiting(), [{"n": 1}])
        with self.assertRaises(TypeError):
            self.triggers.replay()

    def test_use_account_and_health_are_told(self):
        self.assertEqual(self.triggers.usage()["limits"]["batch_events"], 500)
        self.assertIn("retention_hours", self.triggers.account())
        self.assertIn(self.triggers.health()["status"], ("healthy", "degraded"))
        proxy = self.unreliable((503, {}, '{"status":"degraded"}'))
        self.assertEqual(self.client(proxy.url).health(), {"status": "degraded"})
        self.key = self.key[:-1] + ("a" if self.key[-1] != "a" else "b")
        with self.assertRaises(triggers_api.AuthenticationError):
            self.client(self.triggers.base_url).health()
