import json
import threading
import time

import triggers_api
from triggers_api import OutgoingEvent, Stop

from .case import ServerCase


class Workers(ServerCase):
    def setUp(self):
        super().setUp()
        self.stop = Stop()
        self.seen = []

    def fill(self, count):
        self.triggers.send_batch([OutgoingEvent("a", {"n": n}) for n in range(count)])

    def start(self, handler, client=None, **options):
        thread = threading.Thread(target=(client or self.triggers).work, args=(handler,), kwargs={"stop": self.stop, **options})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.stop.set)
        return thread

    def test_two_workers_share_the_inbox_and_each_event_is_handled_once(self):
        self.fill(30)
        for name in ("one", "two"):
            self.start(lambda event, name=name: (self.seen.append((event.payload["n"], name)), time.sleep(0.02)))
        self.until("all handled", lambda: self.waiting() == [])
        self.assertEqual(sorted(n for n, _ in self.seen), list(range(30)))
        self.assertEqual({name for _, name in self.seen}, {"one", "two"})

    def test_as_many_handlers_run_at_once_as_was_asked_for(self):
        self.fill(8)
        together = threading.Barrier(4, timeout=10)
        proxy = self.unreliable()
        self.start(lambda event: self.seen.append(together.wait()), self.client(proxy.url), concurrency=4)
        self.until("all handled", lambda: self.waiting() == [])
        wishes = [json.loads(request.body)["max_events"] for request in proxy.requests if request.path == "/v1/inbox/receive"]
        self.assertEqual((wishes[0], max(wishes)), (4, 4), "no more than can be begun: the rest is for other workers")
        self.assertEqual(sorted(self.seen), [0, 0, 1, 1, 2, 2, 3, 3])

    def test_a_handler_that_raises_gives_its_event_back_and_stops_no_other(self):
        self.fill(3)
        told = []

        def handler(event):
            self.seen.append((event.payload["n"], event.delivery.count))
            if event.payload["n"] == 1 and event.delivery.count == 1:
                raise RuntimeError("my own")

        self.start(handler, retry_delay_seconds=0, on_error=lambda error, event: told.append((str(error), event.payload["n"])))
        self.until("all handled", lambda: self.waiting() == [])
        self.assertEqual(sorted(self.seen), [(0, 1), (1, 1), (1, 2), (2, 1)])
        self.assertEqual(told, [("my own", 1)])

    def test_whatever_its_callbacks_raise_an_event_comes_again(self):
        self.fill(4)

        def on_error(error, event):
            raise RuntimeError("on_error, too")

        def delay(event, error):
            return float("nan") if event.payload["n"] else {}["none"]

        def handler(event):
            self.seen.append((event.payload["n"], event.delivery.count))
            if event.delivery.count == 1:
                raise SystemExit("my own") if event.payload["n"] == 3 else RuntimeError("my own")

        with self.assertLogs("triggers_api", "ERROR") as logs:
            self.start(handler, concurrency=4, retry_delay_seconds=delay, on_error=on_error)
            self.until("all handled", lambda: self.waiting() == [])
        self.assertEqual(sorted(self.seen), [(n, count) for n in range(4) for count in (1, 2)])
        self.assertIn("on_error, too", "".join(logs.output))
        self.assertIn("my own", "".join(logs.output), "what it was to be told is not lost")

    def test_a_failed_event_waits_longer_each_time_unless_said_otherwise(self):
        self.fill(1)

        def handler(event):
            self.seen.append(time.monotonic())
            raise RuntimeError

        with self.assertLogs("triggers_api", "ERROR") as logs:
            self.start(handler)
            self.until("handled twice", lambda: len(self.seen) == 2)
        self.assertGreater(self.seen[1] - self.seen[0], 0.9)
        self.assertIn("the handler of evt_", logs.output[0])

    def test_a_handler_may_settle_its_event_itself(self):
        self.fill(2)
        self.start(lambda event: event.reject("never") if event.payload["n"] else event.release(600))
        self.until("both settled", lambda: self.waiting() == [{"n": 0}] and self.free() == [])
        letters = self.triggers.call("GET", "/v1/dead-letters")["dead_letters"]
        self.assertEqual([letter["payload"] for letter in letters], [{"n": 1}])

    def test_an_outage_is_outlived(self):
        self.fill(1)
        proxy = self.unreliable(*["reset", (500, {}, ""), (503, {}, "")] * 3)
        told = []
        self.start(self.seen.append, self.client(proxy.url, max_attempts=2), on_error=lambda error, event: told.append(error))
        self.until("handled", lambda: self.waiting() == [])
        self.assertEqual(len(self.seen), 1)
        self.assertGreater(len(told), 1)

    def test_a_key_that_has_ended_ends_the_work(self):
        proxy = self.unreliable((401, {}, "{}"))
        with self.assertRaises(triggers_api.AuthenticationError):
            self.client(proxy.url).work(self.seen.append)

    def test_a_stop_waits_for_the_handlers_under_way_whose_leases_are_kept(self):
        self.fill(2)
        going, done = threading.Event(), threading.Event()

        def handler(event):
            going.set()
            done.wait(10)

        thread = self.start(handler, lease_seconds=5)
        going.wait(10)
        self.stop.set()
        thread.join(6)
        self.assertTrue(thread.is_alive())
        self.assertEqual(self.free(), [{"n": 1}], "the lease of the first has been kept; the other one was not taken")
        done.set()
        thread.join(10)
        self.assertFalse(thread.is_alive())
        self.assertEqual(self.waiting(), [{"n": 1}])

    def test_threads_end_with_the_work(self):
        before = threading.active_count()
        self.fill(1)
        thread = self.start(self.seen.append, concurrency=3)
        self.until("handled", lambda: self.waiting() == [])
        self.stop.set()
        thread.join(10)
        self.until("no thread left", lambda: threading.active_count() <= before)

    def test_nonsense_is_refused(self):
        with self.assertRaises(ValueError):
            self.triggers.work(self.seen.append, concurrency=0)
