"""Acknowledging by ids alone."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List

from ._http import Http
from ._items import each_of
from .models import AcknowledgeResult

#: Ids that one request takes.
MAX_IDS = 500


def acknowledge_all(http: Http, event_ids: Iterable[str]) -> AcknowledgeResult:
    """In as many requests as that takes. An id that is given twice is sent once and has two results."""

    def post(ids: List[str], left: float) -> Any:
        return http.json("POST", "/v1/events/acknowledge", {"event_ids": ids}, deadline=left)

    given = list(event_ids)
    different = list(dict.fromkeys(given))
    by_id: Dict[str, Dict[str, Any]] = {}
    for start in range(0, len(different), MAX_IDS):
        part = different[start : start + MAX_IDS]
        by_id.update(zip(part, each_of(http, part, post)))
    failed = sum(result["status"] == "failed" for result in by_id.values())
    already = sum(result.get("already_acknowledged") is True for result in by_id.values())
    results = [{**by_id[event_id], "index": index} for index, event_id in enumerate(given)]
    return AcknowledgeResult(len(different) - failed - already, already, failed, results)
