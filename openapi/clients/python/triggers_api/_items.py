"""Requests of many items, each with a result of its own."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Optional, Sequence, TypeVar

from ._http import Http
from ._reading import reading

Item = TypeVar("Item")


def each_of(
    http: Http,
    items: Sequence[Item],
    post: Callable[[List[Item], float], Any],
    *,
    deadline: Optional[float] = None,
    max_attempts: Optional[int] = None,
) -> List[Dict[str, Any]]:
    """One result for each item, in their order. Those that failed and may be taken later, such as ``unavailable``, are sent again.

    ``post`` sends some of them within the seconds that it gets, and gives the answer. Raises its TriggersError.
    """
    settings = http.settings
    end = time.monotonic() + (settings.deadline if deadline is None else deadline)
    attempts = settings.max_attempts if max_attempts is None else max_attempts
    found: Dict[int, Dict[str, Any]] = {}
    waiting = list(range(len(items)))
    attempt = 1
    while waiting:
        answer = post([items[place] for place in waiting], max(0.001, end - time.monotonic()))
        pause = settings.backoff.seconds(attempt)
        last = attempt >= attempts or time.monotonic() + pause >= end
        again: List[int] = []
        with reading():
            for result in answer["results"]:
                place = waiting[int(result["index"])]
                found[place] = result
                if result["status"] == "failed" and result["error"]["retryable"] and not last:
                    again.append(place)
            # A result that is missing would be taken for done, or asked for again for ever.
            results = [found[place] for place in range(len(items))]
        if not again:
            return results
        time.sleep(pause)
        waiting = again
        attempt += 1
    return []
