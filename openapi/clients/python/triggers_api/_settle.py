"""Settling many events in one request."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from ._http import Http
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
    """At most 500 events; one result for each, in their order."""
    items = [{"event_id": event.event_id, "lease_token": event.lease_token, **options} for event in events]
    answer = http.json("POST", "/v1/inbox/settle", {command: items}, deadline=deadline, max_attempts=max_attempts)
    return sorted(answer["results"], key=lambda item: int(item["index"]))
