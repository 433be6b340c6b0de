import json
import os
import time
import unittest
from datetime import datetime, timezone
from decimal import Decimal

import triggers_api
from triggers_api import Backoff, OutgoingEvent, Triggers

from .case import ServerCase


class Sending(ServerCase):
    def test_an_event_is_stored_with_all_that_it_has(self):
        at = datetime(2026, 11, 24, 10, 30, tzinfo=timezone.utc)
        sent = self.triggers.send("order.created", {"n": 1}, idempotency_key="k", timestamp=at, metadata={"shop": "eu"})
        event = self.triggers.get_event(sent.event_id)
        self.assertEqual((event.event_type, event.payload, event.metadata), ("order.created", {"n": 1}, {"shop": "eu"}))
        self.assertEqual(event.timestamp, "2026-11-24T10:30:00.000Z")
        self.assertEqual((event.status, event.expires_at), ("pending", sent.expires_at))
        self.assertFalse(sent.duplicate)

    def test_the_same_key_is_a_duplicate_and_other_content_under_it_is_refused(self):
        first = self.triggers.send("a", {"n": 1}, idempotency_key="k")
        second = self.triggers.send("a", {"n": 1}, idempotency_key="k")
        self.assertEqual((second.event_id, second.duplicate), (first.event_id, True))
        with self.assertRaises(triggers_api.ValidationError) as caught:
            self.triggers.send("a", {"n": 2}, idempotency_key="k")
        self.assertEqual(caught.exception.code, "idempotency_key_reused")
        self.assertEqual(caught.exception.problem["original_event_id"], first.event_id)

    def test_without_a_key_each_call_is_an_event_of_its_own(self):
        self.assertNotEqual(self.triggers.send("a", {}).event_id, self.triggers.send("a", {}).event_id)

    def test_whatever_becomes_of_the_answer_the_event_is_stored_once(self):
        for n, fault in enumerate(["lose", "cut", "reset"]):
            with self.subTest(fault):
                proxy = self.unreliable(fault, fault)
                sent = self.client(proxy.url).send("a", {"n": n})
                self.assertEqual(len(proxy.requests), 3)
                self.assertEqual(len({request.body for request in proxy.requests}), 1, "each attempt is the same, key included")
                self.assertEqual(self.triggers.get_event(sent.event_id).payload, {"n": n})
                self.assertEqual(sent.duplicate, fault != "reset")
        self.assertEqual(self.waiting(), [{"n": 0}, {"n": 1}, {"n": 2}])

    def test_numbers_keep_all_their_digits(self):
        exact = self.client(self.triggers.base_url, parse_float=Decimal)
        event_id = self.triggers.send("a", {"big": 2**70, "price": 0.1, "text": "\u0000é\ud800"}).event_id
        payload = exact.get_event(event_id).payload
        self.assertEqual(payload, {"big": 2**70, "price": Decimal("0.1"), "text": "\u0000é\ud800"})
        self.assertIs(type(payload["price"]), Decimal)

    def test_what_json_cannot_hold_is_refused_before_anything_is_sent(self):
        proxy = self.unreliable()
        client = self.client(proxy.url)
        for payload in ({"n": float("nan")}, {"n": object()}):
            with self.assertRaises((ValueError, TypeError)):
                client.send("a", payload)
        with self.assertRaisesRegex(ValueError, "time zone"):
            client.send("a", {}, timestamp=datetime(2026, 11, 24))
        self.assertEqual(proxy.requests, [])

    def test_one_client_serves_many_threads(self):
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as threads:
            sent = list(threads.map(lambda n: self.triggers.send("a", {"n": n}).event_id, range(64)))
        self.assertEqual(len(set(sent)), 64)
        self.assertEqual(sorted(event["n"] for event in self.waiting()), list(range(64)))

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_a_forked_process_does_not_share_its_parents_connections(self):
        proxy = self.unreliable()
        client = self.client(proxy.url)
        client.send("a", {"n": 0})
        child = os.fork()
        if child == 0:
            try:
                client.send("a", {"n": 1})
                os._exit(0)
            finally:
                os._exit(1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        client.send("a", {"n": 2})
        self.assertEqual(self.waiting(), [{"n": 0}, {"n": 1}, {"n": 2}])
        self.assertEqual(proxy.connections, 2, "one of each process")


class Batches(ServerCase):
    def test_any_number_of_events_is_sent_in_requests_of_500(self):
        proxy = self.unreliable()
        result = self.client(proxy.url).send_batch({"event_type": "a", "payload": {"n": n}} for n in range(1_001))
        self.assertEqual([len(json.loads(request.body)["events"]) for request in proxy.requests], [500, 500, 1])
        self.assertEqual((result.accepted, result.duplicates, result.failed), (1_001, 0, 0))
        self.assertEqual([item.index for item in result.results], list(range(1_001)))
        last = result.results[1_000]
        self.assertEqual(self.triggers.get_event(last.event_id).payload, {"n": 1_000})

    def test_a_request_has_at_most_4_mib(self):
        proxy = self.unreliable()
        events = [OutgoingEvent("a", {"text": "x" * 200_000}) for _ in range(45)]
        self.assertEqual(self.client(proxy.url).send_batch(events).accepted, 45)
        sizes = [len(request.body) for request in proxy.requests]
        self.assertEqual(len(sizes), 3)
        self.assertLessEqual(max(sizes), 4 * 1024 * 1024)

    def test_a_bad_event_is_reported_and_fails_no_other(self):
        events = [OutgoingEvent("a", {"n": 0}), OutgoingEvent("not a type", {}), OutgoingEvent("a", {"n": 2})]
        result = self.triggers.send_batch(events)
        self.assertEqual([item.status for item in result.results], ["accepted", "failed", "accepted"])
        self.assertEqual((result.results[1].error.code, result.results[1].error.retryable), ("validation_failed", False))
        self.assertEqual(self.waiting(), [{"n": 0}, {"n": 2}])

    def test_a_lost_answer_stores_nothing_twice(self):
        proxy = self.unreliable("lose")
        result = self.client(proxy.url).send_batch([OutgoingEvent("a", {"n": n}) for n in range(3)])
        self.assertEqual((result.accepted, result.duplicates), (0, 3))
        self.assertEqual(self.waiting(), [{"n": 0}, {"n": 1}, {"n": 2}])

    def test_events_that_may_be_taken_later_are_sent_again_and_only_they(self):
        error = {"code": "unavailable", "detail": "busy", "retryable": True}
        results = [{"index": 0, "status": "accepted", "event_id": "evt_1"}, {"index": 1, "status": "failed", "error": error}]
        answer = {"accepted": 1, "duplicates": 0, "failed": 1, "results": results}
        proxy = self.unreliable((207, {}, json.dumps(answer)))
        result = self.client(proxy.url).send_batch([OutgoingEvent("a", {"n": n}) for n in range(2)])
        self.assertEqual([item.status for item in result.results], ["accepted", "accepted"])
        first, second = ([event["payload"] for event in json.loads(request.body)["events"]] for request in proxy.requests)
        self.assertEqual((first, second), ([{"n": 0}, {"n": 1}], [{"n": 1}]))

    def test_a_key_for_the_whole_makes_repeating_it_safe(self):
        events = [OutgoingEvent("a", {"n": n}) for n in range(3)]
        self.assertEqual(self.triggers.send_batch(events, idempotency_key="import-7").accepted, 3)
        again = self.triggers.send_batch(events, idempotency_key="import-7")
        self.assertEqual((again.duplicates, again.results[2].idempotency_key), (3, "import-7:2"))

    def test_when_a_request_fails_the_error_says_what_became_of_each_event(self):
        proxy = self.unreliable()
        proxy.on_request = lambda request: proxy.faults.extend([(401, {}, "{}")] if len(proxy.requests) == 1 else [])
        with self.assertRaises(triggers_api.AuthenticationError) as caught:
            self.client(proxy.url).send_batch([OutgoingEvent("a", {})] * 1_200)
        batch = caught.exception.batch
        self.assertEqual(len(proxy.requests), 2)
        self.assertEqual((batch.accepted, batch.failed), (500, 501))
        self.assertEqual([batch.results[n].error.code for n in (500, 1_000)], ["http_401", "not_sent"])

    def test_when_the_source_fails_the_error_says_what_became_of_each_event_that_it_gave(self):
        proxy = self.unreliable()
        broken = RuntimeError("the cursor is gone")

        def events():
            yield from (OutgoingEvent("a", {"n": n}) for n in range(502))
            raise broken

        with self.assertRaises(triggers_api.TriggersError) as caught:
            self.client(proxy.url).send_batch(events())
        error = caught.exception
        self.assertEqual((error.code, error.retryable, error.__cause__), ("source_failed", False, broken))
        self.assertEqual((error.batch.accepted, error.batch.failed, len(proxy.requests)), (500, 2, 1))
        self.assertEqual([(item.index, item.error.code) for item in error.batch.results[500:]], [(500, "not_sent"), (501, "not_sent")])
        with self.assertRaises(TypeError):
            self.triggers.send_batch(None)

    def test_what_a_source_has_left_after_a_failure_is_the_callers(self):
        proxy = self.unreliable((401, {}, "{}"))
        events = ({"event_type": "a", "payload": {"n": n}} for n in range(600))
        with self.assertRaises(triggers_api.AuthenticationError):
            self.client(proxy.url).send_batch(events)
        self.assertEqual(len(list(events)), 99)

    def test_when_a_request_fails_the_rest_of_the_events_is_not_even_read(self):
        proxy = self.unreliable((401, {}, "{}"))
        read = iter(range(5_000))
        with self.assertRaises(triggers_api.AuthenticationError):
            self.client(proxy.url).send_batch({"event_type": "a", "payload": {"n": n}} for n in read)
        self.assertEqual((len(proxy.requests), next(read)), (1, 501), "one more than went into the request")

    def test_an_event_that_cannot_be_written_is_reported_and_fails_no_other(self):
        events = [
            {"event_type": "a", "payload": {"n": 0}},
            {"event_type": "a", "payload": {"n": object()}, "idempotency_key": "mine"},
            {"event_type": "a", "payload": {"n": float("nan")}},
            {"event_type": "a", "payload": {}, "unknown": 1},
            {"event_type": "a", "payload": {}, "timestamp": datetime(2026, 11, 24)},
            None,
            {"event_type": "a", "payload": {"n": 6}},
        ]
        result = self.triggers.send_batch(events, idempotency_key="k")
        self.assertEqual([item.index for item in result.results], list(range(7)))
        self.assertEqual((result.accepted, result.failed), (2, 5))
        self.assertEqual([item.idempotency_key for item in result.results[:4]], ["k:0", "mine", "k:2", "k:3"])
        codes = {(item.error.code, item.error.retryable) for item in result.results if item.error}
        self.assertEqual(codes, {("invalid_event", False)})
        self.assertEqual(self.waiting(), [{"n": 0}, {"n": 6}])

    def test_an_answer_that_leaves_an_event_out_is_a_failure_of_that_event(self):
        answer = {"results": [{"index": 0, "status": "accepted", "event_id": "evt_1"}]}
        proxy = self.unreliable((207, {}, json.dumps(answer)))
        with self.assertRaises(triggers_api.TriggersError) as caught:
            self.client(proxy.url).send_batch([OutgoingEvent("a", {})] * 2)
        self.assertEqual([item.status for item in caught.exception.batch.results], ["accepted", "failed"])
        self.assertEqual(caught.exception.code, "unexpected_answer")


class Secrets(unittest.TestCase):
    KEY = "sk_test_acme_doNotShowThisAnywhere"

    def test_the_key_is_in_no_text_about_the_client(self):
        client = Triggers(self.KEY, "http://127.0.0.1:9", max_attempts=1)
        with self.assertRaises(triggers_api.ConnectionError) as caught:
            client.usage()
        for text in (repr(client), str(client), repr(client._http.settings), repr(caught.exception), str(caught.exception)):
            self.assertNotIn(self.KEY, text)

    def test_a_malformed_key_is_refused_without_being_repeated(self):
        for key in (f"{self.KEY}\nX-Other: 1", f"{self.KEY} {self.KEY}", f"{self.KEY}…"):
            with self.assertRaises(ValueError) as caught:
                Triggers(key, "http://127.0.0.1:9")
            self.assertNotIn(self.KEY, str(caught.exception))
        with self.assertRaisesRegex(ValueError, "No API key"):
            Triggers("", "http://127.0.0.1:9")

    def test_an_address_that_is_none_is_refused(self):
        for address in ("", "example.com", "ftp://example.com", "http://", "http://u:secret@h", "http://h:x", "http://h?q=1", "http://h/ "[:-1] + "é"):
            with self.assertRaises(ValueError) as caught:
                Triggers(self.KEY, address)
            self.assertNotIn("secret", str(caught.exception))
        self.assertEqual(Triggers(self.KEY, "https://example.com/base/ ").base_url, "https://example.com/base")
