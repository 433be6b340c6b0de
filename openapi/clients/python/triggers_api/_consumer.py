"""What a loop over the inbox and a set of handlers have in common: events come with a lease that is kept, and leave by a settlement."""

from __future__ import annotations

import uuid
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ._http import Answer, Http
from ._lease_keeper import LeaseKeeper
from ._reading import reading
from ._settle import settle_all
from .errors import LeaseLostError, NotFoundError, TriggersError
from .leased_event import LeasedEvent
from .stop import Stop

#: Seconds for giving back what was not handled. When that fails, the leases end by themselves.
RELEASE_DEADLINE = 10.0


def receive(
    http: Http,
    *,
    max_events: int,
    lease_seconds: int,
    wait_seconds: int,
    event_types: Optional[Sequence[str]],
    receive_id: Optional[str] = None,
    stop: Optional[Stop] = None,
) -> Tuple[List[Dict[str, Any]], Answer]:
    """One receive. When its answer is lost, the next attempt gets the same events, because it has the same id."""
    body: Dict[str, Any] = {"max_events": max_events, "lease_seconds": lease_seconds, "wait_seconds": wait_seconds}
    body["receive_id"] = receive_id or uuid.uuid4().hex
    if event_types:
        body["event_types"] = list(event_types)
    text = http.dumps(body)
    answer = http.send("POST", "/v1/inbox/receive", text, wait=wait_seconds, stop=stop)
    given = http.parse(answer)
    with reading():
        return list(given["events"]), answer


class Consumer:
    def __init__(
        self, http: Http, *, event_types: Optional[Sequence[str]], wait_seconds: int, lease_seconds: int, stop: Stop
    ) -> None:
        self._http = http
        self._event_types = event_types
        self._lease_seconds = lease_seconds
        self.wait_seconds = wait_seconds
        self.stop = stop
        self._keeper = LeaseKeeper(http, lease_seconds)

    def receive(self, max_events: int, wait_seconds: Optional[int] = None) -> List[LeasedEvent]:
        """Raises TriggersError, or Stopped."""
        received, answer = receive(
            self._http,
            max_events=max_events,
            lease_seconds=self._lease_seconds,
            wait_seconds=self.wait_seconds if wait_seconds is None else wait_seconds,
            event_types=self._event_types,
            stop=self.stop,
        )
        with reading():
            events = [LeasedEvent(each, self._http, self._keeper) for each in received]
        for event in events:
            self._keeper.keep(event, _left(event.lease_expires_at, answer.headers.get("Date"), self._lease_seconds))
        return events

    def is_ours(self, event: LeasedEvent) -> bool:
        """Whether the event may be handed out. Raises TriggersError when leases can no longer be kept."""
        ours = self._keeper.is_ours(event)
        if not ours:
            self._keeper.forget(event)
        return ours

    def finish(self, event: LeasedEvent) -> None:
        """Acknowledges, unless the event was settled. That it has gone to another worker, or has expired, is no error: there is
        nothing left to do. Raises TriggersError when it is not certain that the event is acknowledged: it will come again.
        """
        if event.settled or event.lost.is_set():
            return
        try:
            event.acknowledge()
        except (LeaseLostError, NotFoundError):
            pass
        finally:
            self._keeper.forget(event)

    def release(self, events: Sequence[LeasedEvent], delay_seconds: int = 0) -> None:
        """Gives back what is not settled. Raises nothing: what cannot be given back comes free when its lease ends."""
        open_ = [event for event in events if not event.settled and not event.lost.is_set()]
        for event in open_:
            self._keeper.forget(event)
        for start in range(0, len(open_), 500):
            try:
                settle_all(
                    self._http, "release", open_[start : start + 500], deadline=RELEASE_DEADLINE, delay_seconds=delay_seconds
                )
            except TriggersError:
                pass

    def close(self) -> None:
        self._keeper.close()


def _left(lease_expires_at: str, date: Optional[str], lease_seconds: int) -> float:
    """Seconds that are left for sure, by the server's own clock, whose header ``Date`` has whole seconds; an answer that was given
    again has less than a fresh one."""
    try:
        end = datetime.fromisoformat(lease_expires_at.replace("Z", "+00:00")).timestamp()
        left = end - parsedate_to_datetime(date or "").timestamp()
    except (TypeError, ValueError, IndexError):
        return lease_seconds
    return max(0.0, min(left - 1, lease_seconds))
