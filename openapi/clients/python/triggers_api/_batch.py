"""Any number of events, in requests that the API takes."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Iterable, Iterator, List, Mapping, Optional, Union

from ._http import Http
from ._reading import reading
from .errors import TriggersError, ValidationError
from .models import BatchItem, BatchItemError, BatchResult, OutgoingEvent

#: The API's limits of a request: events, and bytes with the brackets around them.
MAX_EVENTS = 500
MAX_BYTES = 4 * 1024 * 1024

_NOT_SENT = BatchItemError("not_sent", "The batch had failed before this event was sent.", True)

_OPENING, _CLOSING = '{"events":[', "]}"


@dataclass(frozen=True)
class _Pending:
    index: int
    key: str
    text: str


def send_batch(
    http: Http, events: Iterable[Union[OutgoingEvent, Mapping[str, object]]], idempotency_key: Optional[str]
) -> BatchResult:
    results: List[BatchItem] = []
    failure: Optional[TriggersError] = None
    part: List[_Pending] = []
    size = len(_OPENING) + len(_CLOSING)

    def send() -> None:
        nonlocal failure
        try:
            _send_part(http, part, results)
        except TriggersError as error:
            # What is wrong with the only event of a request, such as its size, is no fault of its neighbours.
            if not (isinstance(error, ValidationError) and len(part) == 1):
                failure = error
            _fail(part, results, BatchItemError(error.code, error.detail, error.retryable))

    source = iter(events)  # a TypeError of the caller's, not a failure of the source

    def until_it_fails() -> Iterator[Union[OutgoingEvent, Mapping[str, object]]]:
        nonlocal failure
        try:
            for event in source:  # not `yield from`, which would also close what the caller may go on with
                yield event
        except Exception as error:
            failure = TriggersError("The source of the events failed.", code="source_failed")
            failure.__cause__ = error

    for index, event in enumerate(until_it_fails()):
        default_key = idempotency_key and f"{idempotency_key}:{index}"
        try:
            outgoing = event if isinstance(event, OutgoingEvent) else OutgoingEvent(**event)  # type: ignore[arg-type]
            key, text = outgoing.written(default_key)
        except (TypeError, ValueError, RecursionError) as error:
            results.append(_unwritten(index, event, default_key, error))
            continue
        length = len(text) + 1  # ASCII
        if part and (len(part) == MAX_EVENTS or size + length > MAX_BYTES):
            send()
            part, size = [], len(_OPENING) + len(_CLOSING)
            if failure is not None:  # the rest is not even read: it may be long, or endless
                _fail([_Pending(index, key, text)], results, _NOT_SENT)
                break
        part.append(_Pending(index, key, text))
        size += length
    if failure is not None:
        _fail(part, results, _NOT_SENT)
    elif part:
        send()
    results.sort(key=lambda item: item.index)
    count = [sum(item.status == status for item in results) for status in ("accepted", "duplicate", "failed")]
    result = BatchResult(count[0], count[1], count[2], results)
    if failure is not None:
        failure.batch = result
        raise failure
    return result


def _send_part(http: Http, part: List[_Pending], results: List[BatchItem]) -> None:
    """One request, and again with those of its events that may be taken later."""
    settings = http.settings
    end = time.monotonic() + settings.deadline
    waiting = part
    attempt = 1
    while True:
        text = _OPENING + ",".join(item.text for item in waiting) + _CLOSING
        left = max(0.001, end - time.monotonic())
        answer = http.parse(http.send("POST", "/v1/events/batch", text, deadline=left))
        again: List[_Pending] = []
        pause = settings.backoff.seconds(attempt)
        last = attempt >= settings.max_attempts or time.monotonic() + pause >= end
        with reading():
            for given in answer["results"]:
                item = waiting[given["index"]]
                error = given.get("error")
                # A used-up quota comes back with the month: no call waits for that.
                if error is not None and error["retryable"] and error["code"] != "quota_exceeded" and not last:
                    again.append(item)
                    continue
                reason = error and BatchItemError(error["code"], error["detail"], error["retryable"], error.get("pointer"))
                results.append(BatchItem(item.index, item.key, given["status"], given.get("event_id"), reason))
            if len(answer["results"]) != len(waiting):
                raise ValueError("not one result for each event")
        if not again:
            return
        time.sleep(pause)
        waiting = again
        attempt += 1


def _unwritten(index: int, event: object, default_key: Optional[str], error: Exception) -> BatchItem:
    """An event that cannot be written as JSON. It keeps its key where it has one, so that it can be put right and sent under it."""
    given = event.get("idempotency_key") if isinstance(event, Mapping) else getattr(event, "idempotency_key", None)
    key = given if isinstance(given, str) and given else default_key or str(uuid.uuid4())
    return BatchItem(index, key, "failed", None, BatchItemError("invalid_event", f"{type(error).__name__}: {error}", False))


def _fail(items: List[_Pending], results: List[BatchItem], error: BatchItemError) -> None:
    known = {item.index for item in results}  # what an earlier round has stored stays stored
    results.extend(BatchItem(item.index, item.key, "failed", None, error) for item in items if item.index not in known)
