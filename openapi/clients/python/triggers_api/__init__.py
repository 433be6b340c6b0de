"""Client of Triggers API: send events, and handle those of your inbox. Standard library only; Python 3.9 or newer."""

from ._retry import Backoff
from ._version import __version__
from .client import Triggers
from .errors import (
    AuthenticationError,
    ConflictError,
    ConnectionError,
    FieldError,
    LeaseLostError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TimeoutError,
    TriggersError,
    ValidationError,
)
from .inbox import Inbox
from .leased_event import LeasedEvent
from .models import (
    AcknowledgeResult,
    BatchItem,
    BatchItemError,
    BatchResult,
    Delivery,
    Event,
    EventDetails,
    OutgoingEvent,
    Page,
    SendResult,
)
from .stop import Stop

__all__ = [
    "AcknowledgeResult",
    "AuthenticationError",
    "Backoff",
    "BatchItem",
    "BatchItemError",
    "BatchResult",
    "ConflictError",
    "ConnectionError",
    "Delivery",
    "Event",
    "EventDetails",
    "FieldError",
    "Inbox",
    "LeaseLostError",
    "LeasedEvent",
    "NotFoundError",
    "OutgoingEvent",
    "Page",
    "PermissionDeniedError",
    "RateLimitError",
    "SendResult",
    "ServerError",
    "Stop",
    "TimeoutError",
    "Triggers",
    "TriggersError",
    "ValidationError",
    "__version__",
]
