"""What the client raises. A wrong argument is a ``TypeError`` or ``ValueError``; everything else is a ``TriggersError``."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

if TYPE_CHECKING:
    from .models import BatchResult


@dataclass(frozen=True)
class FieldError:
    """One wrong member of a request: ``pointer`` is a JSON pointer into the body, or the name of a parameter."""

    pointer: str
    code: str
    detail: str


class TriggersError(Exception):
    """A call failed. ``code`` is for programs, ``detail`` for people, ``request_id`` for support."""

    #: HTTP status; None when there was no answer.
    status: Optional[int]
    code: str
    detail: str
    request_id: Optional[str]
    #: Whether the same call may succeed later.
    retryable: bool
    #: Which members of the request are wrong.
    errors: Sequence[FieldError]
    #: Seconds: the least time after which to try again, as the answer has it.
    retry_after_seconds: Optional[float]
    #: The whole problem document; some codes have members of their own, such as ``original_event_id``.
    problem: Mapping[str, Any]
    #: How often the request was sent.
    attempts: int
    #: Of ``send_batch``: what became of each event that was read. What was not sent any more has failed with the code ``not_sent``.
    batch: Optional[BatchResult]

    def __init__(
        self,
        detail: str,
        *,
        code: str,
        status: Optional[int] = None,
        request_id: Optional[str] = None,
        retryable: bool = False,
        errors: Sequence[FieldError] = (),
        retry_after_seconds: Optional[float] = None,
        problem: Optional[Mapping[str, Any]] = None,
    ) -> None:
        facts = [code, status, request_id and f"request {request_id}"]
        super().__init__(f"{detail} ({', '.join(str(fact) for fact in facts if fact)})")
        self.status = status
        self.code = code
        self.detail = detail
        self.request_id = request_id
        self.retryable = retryable
        self.errors = errors
        self.retry_after_seconds = retry_after_seconds
        self.problem = problem or {}
        self.attempts = 1
        self.batch = None


class AuthenticationError(TriggersError):
    """401: the key is missing, wrong, expired or revoked."""


class PermissionDeniedError(TriggersError):
    """403: the key may not do this, or the partner is suspended."""


class NotFoundError(TriggersError):
    """404: there is no such event or job, or it has expired."""


class ValidationError(TriggersError):
    """400, 413, 415 and 422: the request itself is wrong; ``errors`` says where."""


class ConflictError(TriggersError):
    """409: what was asked for does not fit the state of things."""


class LeaseLostError(ConflictError):
    """409 ``lease_lost``: another worker has the event now."""


class RateLimitError(TriggersError):
    """429: too much at once, or the monthly quota is used up; ``retry_after_seconds`` says when to come back."""


class ServerError(TriggersError):
    """5xx: the fault is on our side."""


class ConnectionError(TriggersError, builtins.ConnectionError):
    """There was no answer: no connection, or it broke. Whether the request was carried out is not known."""


class TimeoutError(ConnectionError, builtins.TimeoutError):
    """There was no answer in time."""


def answered_error(status: int, code: str, detail: str, **more: Any) -> TriggersError:
    """The error of an answer."""
    by_status = {401: AuthenticationError, 403: PermissionDeniedError, 404: NotFoundError, 429: RateLimitError}
    kind = by_status.get(status, TriggersError)
    if status == 409:
        kind = LeaseLostError if code == "lease_lost" else ConflictError
    elif status >= 500:
        kind = ServerError
    elif status in (400, 413, 415, 422):
        kind = ValidationError
    return kind(detail, status=status, code=code, **more)
