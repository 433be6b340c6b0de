"""What calls take and give. Times are RFC 3339 texts in UTC, as the API has them."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class OutgoingEvent:
    """An event to be sent."""

    event_type: str
    payload: Payload
    #: The same key and content is stored once, however often it is sent. Default: a new UUID.
    idempotency_key: Optional[str] = None
    #: When it happened. Default: when it is received.
    timestamp: Union[str, datetime, None] = None
    #: Up to 16 pairs of text that travel beside the payload.
    metadata: Optional[Mapping[str, str]] = None

    def written(self, default_key: Optional[str] = None) -> Tuple[str, str]:
        """Its idempotency key (else the given, else a new one) and its JSON: from here on nothing of it changes, its key least of all.

        Raises TypeError or ValueError for a payload that JSON cannot hold, and for a time without a zone.
        """
        key = self.idempotency_key or default_key or str(uuid.uuid4())
        members: Dict[str, Any] = {"event_type": self.event_type, "payload": self.payload, "idempotency_key": key}
        if isinstance(self.timestamp, datetime):
            if self.timestamp.utcoffset() is None:
                raise ValueError("timestamp has no time zone: give datetime.now(timezone.utc), for example.")
            members["timestamp"] = self.timestamp.isoformat()
        elif self.timestamp is not None:
            members["timestamp"] = self.timestamp
        if self.metadata is not None:
            members["metadata"] = dict(self.metadata)
        return key, json.dumps(members, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True)
class SendResult:
    """An event is stored."""

    event_id: str
    #: Whether it was stored before under the same idempotency key.
    duplicate: bool
    received_at: str
    expires_at: str


@dataclass(frozen=True)
class BatchItemError:
    code: str
    detail: str
    retryable: bool
    pointer: Optional[str] = None


@dataclass(frozen=True)
class BatchItem:
    """What became of one event. With its ``idempotency_key`` it can be sent again without being stored twice."""

    index: int
    idempotency_key: str
    #: ``accepted``, ``duplicate`` or ``failed``.
    status: str
    event_id: Optional[str] = None
    error: Optional[BatchItemError] = None


@dataclass(frozen=True)
class BatchResult:
    """``results`` has one for each event, in their order."""

    accepted: int
    duplicates: int
    failed: int
    results: List[BatchItem]


@dataclass(frozen=True)
class Delivery:
    #: How often the event was given out under a lease.
    count: int
    #: Whether it came back after an acknowledgement.
    replayed: bool


@dataclass(frozen=True)
class Event:
    """An event as the inbox has it."""

    event_id: str
    event_type: str
    timestamp: str
    payload: Dict[str, Any]
    metadata: Optional[Dict[str, str]]
    trace_parent: Optional[str]
    received_at: str
    expires_at: str
    delivery: Delivery
    #: The attributes of an event that came as a CloudEvent.
    cloudevent: Optional[Dict[str, Any]] = None


@dataclass(frozen=True)
class EventDetails(Event):
    """An event with what became of it."""

    status: str = ""
    history: List[Dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """``next_cursor`` asks for the next page; None on the last one."""

    events: List[Event]
    has_more: bool
    next_cursor: Optional[str]


@dataclass(frozen=True)
class AcknowledgeResult:
    """``results`` has one for each id, in their order; the failed ones have an ``error``."""

    acknowledged: int
    already_acknowledged: int
    failed: int
    results: List[Dict[str, Any]]


def read_event(members: Mapping[str, Any]) -> Event:
    return Event(**event_members(members))


def read_details(members: Mapping[str, Any]) -> EventDetails:
    return EventDetails(**event_members(members), status=members["status"], history=members["history"])


def event_members(members: Mapping[str, Any]) -> Dict[str, Any]:
    """Those of Event. What a newer server adds is left out."""
    delivery = Delivery(members["delivery"]["count"], members["delivery"]["replayed"])
    names = ("event_id", "event_type", "timestamp", "payload", "metadata", "trace_parent", "received_at", "expires_at")
    return {**{name: members[name] for name in names}, "delivery": delivery, "cloudevent": members.get("cloudevent")}
