import json
import time
import unittest

import triggers_api
from triggers_api import Backoff
from triggers_api._retry import parse_retry_after

from .case import ServerCase


class Retries(ServerCase):
    def test_retry_after_is_the_least_wait(self):
        for status in (429, 503):
            proxy = self.unreliable((status, {"Retry-After": "1"}, "{}"))
            begun = time.monotonic()
            self.client(proxy.url).send("a", {})
            self.assertGreaterEqual(time.monotonic() - begun, 1)
            self.assertEqual(len(proxy.requests), 2)

    def test_what_may_pass_is_tried_again(self):
        for status in (408, 429, 500, 502, 503, 504):
            proxy = self.unreliable((status, {}, "<html>not JSON</html>"))
            self.client(proxy.url).usage()
            self.assertEqual(len(proxy.requests), 2, status)

    def test_what_does_not_pass_is_raised_at_once_as_what_it_is(self):
        kinds = {
            400: triggers_api.ValidationError,
            401: triggers_api.AuthenticationError,
            403: triggers_api.PermissionDeniedError,
            404: triggers_api.NotFoundError,
            409: triggers_api.ConflictError,
            413: triggers_api.ValidationError,
            415: triggers_api.ValidationError,
            422: triggers_api.ValidationError,
            418: triggers_api.TriggersError,
        }
        for status, kind in kinds.items():
            proxy = self.unreliable((status, {}, "{}"))
            with self.assertRaises(triggers_api.TriggersError) as caught:
                self.client(proxy.url).send("a", {})
            self.assertIs(type(caught.exception), kind)
            self.assertEqual((caught.exception.status, caught.exception.retryable, len(proxy.requests)), (status, False, 1))

    def test_a_redirect_is_not_followed_because_the_key_would_go_along(self):
        other = self.unreliable()
        proxy = self.unreliable((307, {"Location": other.url}, ""))
        with self.assertRaises(triggers_api.TriggersError):
            self.client(proxy.url).usage()
        self.assertEqual(other.requests, [])

    def test_an_error_tells_what_the_problem_document_says(self):
        with self.assertRaises(triggers_api.ValidationError) as caught:
            self.triggers.send("not a type", {})
        error = caught.exception
        self.assertEqual((error.status, error.code, error.attempts), (400, "validation_failed", 1))
        self.assertEqual(error.errors[0].pointer, "/event_type")
        self.assertRegex(error.request_id, "^req_")
        self.assertIn(error.request_id, str(error))

    def test_it_gives_up_after_so_many_attempts(self):
        proxy = self.unreliable(*["reset"] * 10)
        with self.assertRaises(triggers_api.ConnectionError) as caught:
            self.client(proxy.url, max_attempts=3).usage()
        self.assertEqual((len(proxy.requests), caught.exception.attempts), (3, 3))
        self.assertIsInstance(caught.exception, ConnectionError, "Python's own, too")

    def test_it_gives_up_rather_than_pass_its_deadline(self):
        proxy = self.unreliable((429, {"Retry-After": "60"}, json.dumps({"code": "quota_exceeded"})))
        begun = time.monotonic()
        with self.assertRaises(triggers_api.RateLimitError) as caught:
            self.client(proxy.url, deadline=30).usage()
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual((caught.exception.code, caught.exception.retry_after_seconds), ("quota_exceeded", 60))

    def test_an_attempt_has_its_time_whether_the_server_is_silent_or_slow(self):
        for fault in ("hang", "drip"):
            with self.subTest(fault):
                proxy = self.unreliable(fault, fault)
                begun = time.monotonic()
                with self.assertRaises(triggers_api.TimeoutError):
                    self.client(proxy.url, timeout=0.3, max_attempts=2).usage()
                self.assertLess(time.monotonic() - begun, 3)
                self.assertEqual(len(proxy.requests), 2)

    def test_connections_are_kept_and_one_that_has_ended_meanwhile_is_no_failure(self):
        proxy = self.unreliable(None, None, "close")
        client = self.client(proxy.url, max_attempts=1)
        for _ in range(4):
            client.usage()
        self.assertEqual(proxy.connections, 2)


class Backoffs(unittest.TestCase):
    def test_jitter_is_full_doubles_and_is_capped(self):
        backoff = Backoff()
        most = [backoff.seconds(attempt, random_number=lambda: 1.0) for attempt in range(1, 10)]
        self.assertEqual(most, [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30])
        self.assertEqual(backoff.seconds(9, random_number=lambda: 0.0), 0)
        self.assertEqual(backoff.seconds(1, 7, random_number=lambda: 0.0), 7)
        self.assertGreater(backoff.seconds(1, 7, random_number=lambda: 0.5), 7, "not all at once")

    def test_retry_after_is_seconds_or_a_date(self):
        now = 1_795_516_200.0
        read = {
            "7": 7,
            " 0 ": 0,
            "Tue, 24 Nov 2026 10:31:00 GMT": 60,
            "Tue, 24 Nov 2026 10:00:00 GMT": 0,
            "": None,
            "-1": None,
            "soon": None,
            "1.5": None,
            "²": None,
        }
        self.assertEqual({text: parse_retry_after(text, now) for text in read}, read)
        self.assertIsNone(parse_retry_after(None))
