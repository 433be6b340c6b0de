"""An event that is yours for the time of its lease."""

from __future__ import annotations

import threading
from typing import Any, Dict, Mapping, Optional, Protocol

from ._http import Http
from ._reading import reading
from .errors import LeaseLostError
from .models import Event, event_members


class Keeper(Protocol):
    def forget(self, event: "LeasedEvent") -> None:
        """The event has been settled, or its lease is lost: nothing is left to keep."""


class LeasedEvent(Event):
    """Settle it once: ``acknowledge``, ``release`` or ``reject``. To do that again is harmless."""

    lease_token: str
    #: By the server's clock; moves when the lease is extended.
    lease_expires_at: str
    #: ``acknowledged``, ``released`` or ``rejected``, once that is certain.
    settled: Optional[str]
    #: Set when another worker has got the event, or it was settled elsewhere: stop working on it.
    lost: threading.Event
    #: Whether a settlement is on its way: what the server says of the lease meanwhile may be its effect.
    settling: bool

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __init__(self, members: Mapping[str, Any], http: Http, keeper: Optional[Keeper] = None) -> None:
        super().__init__(**event_members(members))
        more = {"lease_token": members["lease_token"], "lease_expires_at": members["lease_expires_at"], "settled": None}
        self._set(**more, lost=threading.Event(), settling=False, _http=http, _keeper=keeper)

    def acknowledge(self) -> None:
        """Handled: it does not come again. Raises LeaseLostError when another worker has it."""
        self._settle("acknowledged", "acknowledge")

    def release(self, delay_seconds: int = 0) -> None:
        """Not handled: it comes again, to any worker, after the delay. Raises LeaseLostError."""
        self._settle("released", "release", delay_seconds=delay_seconds)

    def reject(self, reason: Optional[str] = None) -> None:
        """Cannot be handled: it goes to the dead letters. Raises LeaseLostError."""
        self._settle("rejected", "reject", **({} if reason is None else {"reason": reason}))

    def extend(self, lease_seconds: int) -> None:
        """Makes the lease last so many seconds from now. Not needed in ``inbox`` and ``work``. Raises LeaseLostError."""
        answer = self._command("extend", lease_seconds=lease_seconds)
        with reading():
            self._set(lease_expires_at=answer["lease_expires_at"])

    def lose(self) -> None:
        """Called when the lease is known to be lost."""
        self.lost.set()
        if self._keeper is not None:
            self._keeper.forget(self)

    def _settle(self, settled: str, command: str, **options: Any) -> None:
        if self.settled == settled:
            return
        self._set(settling=True)
        try:
            self._command(command, **options)
            self._set(settled=settled)
            if self._keeper is not None:
                self._keeper.forget(self)
        except LeaseLostError:
            self.lose()
            raise
        finally:
            self._set(settling=False)

    def _command(self, command: str, **options: Any) -> Dict[str, Any]:
        body = {"lease_token": self.lease_token, **options}
        answer: Dict[str, Any] = self._http.json("PATCH", f"/v1/events/{self.event_id}/{command}", body)
        return answer

    _http: Http
    _keeper: Optional[Keeper]

    def _set(self, **members: Any) -> None:
        """What an event says never changes; what becomes of it does."""
        self.__dict__.update(members)
