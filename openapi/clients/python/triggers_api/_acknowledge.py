"""Acknowledging by ids alone."""

from __future__ import annotations

from typing import Any, Dict, Iterable

from ._http import Http
from .models import AcknowledgeResult

#: Ids that one request takes.
MAX_IDS = 500


def acknowledge_all(http: Http, event_ids: Iterable[str]) -> AcknowledgeResult:
    """In as many requests as that takes. An id that is given twice is sent once and has two results."""
    given = list(event_ids)
    different = list(dict.fromkeys(given))
    counts = {"acknowledged": 0, "already_acknowledged": 0, "failed": 0}
    by_id: Dict[str, Dict[str, Any]] = {}
    for start in range(0, len(different), MAX_IDS):
        answer = http.json("POST", "/v1/events/acknowledge", {"event_ids": different[start : start + MAX_IDS]})
        for name in counts:
            counts[name] += answer[name]
        for result in answer["results"]:
            by_id[result["event_id"]] = result
    return AcknowledgeResult(**counts, results=[{**by_id[event_id], "index": index} for index, event_id in enumerate(given)])
