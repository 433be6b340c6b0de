"""What the tests have in common: a real server, a fresh partner for each test, and a proxy that misbehaves as told."""

from __future__ import annotations

import os
import time
import unittest
from typing import Any, Callable, Iterator

from triggers_api import Backoff, Triggers

from .unreliable import Fault, Unreliable

#: Set by whoever runs the tests: where the server is, and a key of another partner for each test.
API_URL = os.environ["TEST_API_URL"]
_keys: Iterator[str] = iter(os.environ["TEST_API_KEYS"].split(","))


class ServerCase(unittest.TestCase):
    def setUp(self) -> None:
        self.key = next(_keys)
        self.triggers = self.client(API_URL)

    def client(self, url: str, **options: Any) -> Triggers:
        triggers = Triggers(self.key, url, **{"backoff": Backoff(0.01, 0.05), **options})
        self.addCleanup(triggers.close)
        return triggers

    def unreliable(self, *faults: Fault) -> Unreliable:
        proxy = Unreliable(API_URL, *faults)
        self.addCleanup(proxy.__exit__)
        return proxy

    def waiting(self) -> list:
        """The payloads in the inbox, those of others' leases included."""
        return [event.payload for event in self.triggers.peek(limit=500, include_leased=True).events]

    def free(self) -> list:
        return [event.payload for event in self.triggers.peek(limit=500).events]

    def until(self, what: str, condition: Callable[[], Any], seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                self.fail(f"not within {seconds} seconds: {what}")
            time.sleep(0.02)
