"""Keeps leases while their events are worked on."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Dict, List, Optional

from ._http import Http
from ._settle import settle_all
from .errors import TriggersError
from .leased_event import LeasedEvent

#: Events that one request extends at most.
MAX_EXTENSIONS = 500


@dataclass
class _Held:
    #: Until when the lease is ours for sure, by time.monotonic().
    lapses_at: float
    extendable: bool = True


class LeaseKeeper:
    """Extends the leases of the events that a consumer holds, all in one request, when half of the time of the first is over: the
    other half is for trying again when that fails.

    Invariants: an event is kept from ``keep`` until ``forget``; one thread extends; the server alone says that a lease is lost, and
    time alone never does, because a lease that has lapsed is still ours until another worker takes the event.
    """

    def __init__(self, http: Http, lease_seconds: int) -> None:
        self._http = http
        self._lease_seconds = lease_seconds
        self._held: Dict[LeasedEvent, _Held] = {}
        self._changed = threading.Condition()
        self._thread: Optional[threading.Thread] = None
        self._closed = False
        self._not_before = 0.0
        #: Extending fails for a reason that will not pass.
        self.failure: Optional[TriggersError] = None

    def keep(self, event: LeasedEvent, left: float) -> None:
        """``left``: seconds that are left of its lease."""
        with self._changed:
            self._held[event] = _Held(time.monotonic() + left)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="triggers-leases", daemon=True)
                self._thread.start()
            self._changed.notify()

    def forget(self, event: LeasedEvent) -> None:
        with self._changed:
            self._held.pop(event, None)

    def is_ours(self, event: LeasedEvent) -> bool:
        """Whether nobody else can have the event; asks the server when that is not certain."""
        if not self._is_safe(event) and event in self._held:
            self._extend([event])
        if self.failure is not None:
            raise self.failure
        return self._is_safe(event)

    def close(self) -> None:
        """Keeps nothing any more."""
        with self._changed:
            self._closed = True
            self._held.clear()
            self._changed.notify()

    def _is_safe(self, event: LeasedEvent) -> bool:
        held = self._held.get(event)
        return held is not None and held.lapses_at > time.monotonic()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                ends = [held.lapses_at for held in self._held.values() if held.extendable]
                due_at = max(min(ends) - self._lease_seconds / 2, self._not_before) if ends else None
                pause = None if due_at is None else due_at - time.monotonic()
                if pause is None or pause > 0:
                    self._changed.wait(pause)
                    continue
                # A little more than those whose half is over, so that what was received together stays together.
                until = time.monotonic() + 0.6 * self._lease_seconds
                due = [event for event, held in self._held.items() if held.extendable and held.lapses_at <= until]
            self._extend(due[:MAX_EXTENSIONS])

    def _extend(self, events: List[LeasedEvent]) -> None:
        lapses_at = time.monotonic() + self._lease_seconds
        try:
            # One attempt that does not take long: what is due at the next may be another list.
            items = settle_all(
                self._http, "extend", events, max_attempts=1, deadline=self._lease_seconds / 4, lease_seconds=self._lease_seconds
            )
        except TriggersError as error:
            self._failed(error)
            return
        lost: List[LeasedEvent] = []
        with self._changed:
            for event, item in zip(events, items):
                held = self._held.get(event)
                if held is None:
                    continue
                refusal = item.get("error") or {}
                if item["status"] != "failed":
                    held.lapses_at = lapses_at
                    event._set(lease_expires_at=item.get("lease_expires_at", event.lease_expires_at))
                elif refusal.get("code") == "lease_limit":
                    held.extendable = False
                elif event.settling or refusal.get("retryable"):
                    # While a settlement is under way, that the lease is gone may be its effect: its own answer tells. Not at once again.
                    self._not_before = time.monotonic() + 0.05 * self._lease_seconds
                else:
                    lost.append(event)
        for event in lost:
            event.lose()

    def _failed(self, error: TriggersError) -> None:
        with self._changed:
            if error.retryable:
                self._not_before = time.monotonic() + max(error.retry_after_seconds or 0, 0.05 * self._lease_seconds)
                return
            self.failure = error
            for held in self._held.values():
                held.extendable = False
