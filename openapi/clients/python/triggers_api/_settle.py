"""Settling many events in one request."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from ._http import Http
from ._items import each_of
from .leased_event import LeasedEvent


def settle_all(
    http: Http,
    command: str,
    events: Sequence[LeasedEvent],
    *,
    deadline: Optional[float] = None,
    max_attempts: Optional[int] = None,
    **options: Any,
) -> List[Dict[str, Any]]:
    """At most 500 events; one result for each, in their order. Raises TriggersError."""

    def post(some: List[LeasedEvent], left: float) -> Any:
        items = [{"event_id": event.event_id, "lease_token": event.lease_token, **options} for event in some]
        return http.json("POST", "/v1/inbox/settle", {command: items}, deadline=left, max_attempts=max_attempts)

    return each_of(http, events, post, deadline=deadline, max_attempts=max_attempts)
