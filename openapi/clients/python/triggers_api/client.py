"""The client."""

from __future__ import annotations

import ssl
from datetime import datetime
from http.client import HTTPConnection
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Union, overload
from urllib.parse import quote

from . import _batch, _consumer, _work
from ._acknowledge import acknowledge_all
from ._http import Http
from ._jobs import BULK, start_bulk
from ._reading import reading
from ._retry import Backoff
from ._settings import settings_of
from .inbox import Inbox
from .leased_event import LeasedEvent
from .models import (
    AcknowledgeResult,
    BatchResult,
    EventDetails,
    OutgoingEvent,
    Page,
    Payload,
    SendResult,
    read_details,
    read_event,
)
from .stop import Stop


class Triggers:
    """A client of Triggers API. Make one and share it, also between threads.

    ``api_key`` and ``base_url`` default to TRIGGERS_API_KEY or API_KEY, and TRIGGERS_API_URL or API_URL, of the environment.

    ``timeout``: seconds for one attempt. ``deadline``: seconds for a call with all its attempts and the waits between them. A long
    poll has its wait on top of both. ``max_attempts=1`` repeats nothing, except when a kept connection turns out to have been ended while it was
    idle: then the request is sent once more, over a new one. ``parse_float``: as in ``json.loads``, such as
    ``decimal.Decimal``. ``ssl_context`` is for certificates of your own. ``connect`` makes connections in another way, such as
    through a proxy: it gets the seconds that opening may take, and gives an ``http.client.HTTPConnection``.

    Every call raises a ``TriggersError`` when it fails for good.
    """

    def __init__(
        self,
        api_key: Optional[str] = None,
        base_url: Optional[str] = None,
        *,
        timeout: float = 30.0,
        deadline: float = 120.0,
        max_attempts: int = 8,
        backoff: Backoff = Backoff(),
        user_agent: Optional[str] = None,
        parse_float: Optional[Callable[[str], Any]] = None,
        ssl_context: Optional[ssl.SSLContext] = None,
        connect: Optional[Callable[[float], HTTPConnection]] = None,
    ) -> None:
        settings = settings_of(
            api_key,
            base_url,
            timeout=timeout,
            deadline=deadline,
            max_attempts=max_attempts,
            backoff=backoff,
            user_agent=user_agent,
            parse_float=parse_float,
            ssl_context=ssl_context,
            connect=connect,
        )
        self._http = Http(settings)

    def __repr__(self) -> str:
        return f"Triggers(base_url={self.base_url!r})"

    def __enter__(self) -> Triggers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections that are kept for later calls."""
        self._http.close()

    @property
    def base_url(self) -> str:
        """Where requests go, without a slash at the end."""
        return self._http.settings.base_url.geturl()

    def send(
        self,
        event_type: str,
        payload: Payload,
        *,
        idempotency_key: Optional[str] = None,
        timestamp: Union[str, datetime, None] = None,
        metadata: Optional[Mapping[str, str]] = None,
    ) -> SendResult:
        """Stores an event: when this returns, it is on disk. The idempotency key is made before the first attempt and is the same in all."""
        _, text = OutgoingEvent(event_type, payload, idempotency_key, timestamp, metadata).written()
        answer = self._http.parse(self._http.send("POST", "/v1/events", text))
        with reading():
            return SendResult(answer["event_id"], answer["duplicate"], answer["received_at"], answer["expires_at"])

    def send_batch(
        self, events: Iterable[Union[OutgoingEvent, Mapping[str, Any]]], *, idempotency_key: Optional[str] = None
    ) -> BatchResult:
        """Stores any number of events, in requests that the API takes. Look at ``failed``: one bad event never fails its neighbours,
        not even one that JSON cannot hold (``invalid_event``).

        ``idempotency_key`` gives event i the key ``<key>:<i>``, unless it has one of its own. When a whole request fails, nothing more
        is read or sent, and ``error.batch`` says what became of each event that was read.
        """
        return _batch.send_batch(self._http, events, idempotency_key)

    def peek(
        self,
        *,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
        wait_seconds: int = 0,
        event_types: Optional[Sequence[str]] = None,
        include_leased: bool = False,
    ) -> Page:
        """Shows what is in the inbox, oldest first. Changes nothing. ``include_leased``: also what other workers have."""
        types = ",".join(event_types) if event_types else None
        query = {"limit": limit, "cursor": cursor, "wait": wait_seconds or None, "event_type": types}
        query["include_leased"] = "true" if include_leased else None
        answer = self._http.json("GET", "/v1/inbox", query=query, wait=wait_seconds)
        with reading():
            return Page([read_event(each) for each in answer["events"]], answer["has_more"], answer["next_cursor"])

    def receive(
        self,
        *,
        max_events: int = 10,
        lease_seconds: int = 60,
        wait_seconds: int = 0,
        event_types: Optional[Sequence[str]] = None,
        receive_id: Optional[str] = None,
    ) -> List[LeasedEvent]:
        """Takes events under a lease. Settle each before its lease ends; ``inbox`` and ``work`` do that for you."""
        events, _ = _consumer.receive(
            self._http,
            max_events=max_events,
            lease_seconds=lease_seconds,
            wait_seconds=wait_seconds,
            event_types=event_types,
            receive_id=receive_id,
        )
        with reading():
            return [LeasedEvent(each, self._http) for each in events]

    def inbox(
        self,
        *,
        event_types: Optional[Sequence[str]] = None,
        wait_seconds: int = 20,
        lease_seconds: int = 60,
        max_events: int = 10,
        stop_when_empty: bool = False,
        stop: Optional[Stop] = None,
    ) -> Inbox:
        """The events of the inbox, one after the other; see ``Inbox``. Use it in a ``with``, so that what is in hand when the loop
        ends early is released at once.
        """
        return Inbox(self._consumer(event_types, wait_seconds, lease_seconds, stop), max_events, stop_when_empty)

    def work(
        self,
        handler: _work.Handler,
        *,
        concurrency: int = 1,
        event_types: Optional[Sequence[str]] = None,
        wait_seconds: int = 20,
        lease_seconds: int = 60,
        retry_delay_seconds: Optional[_work.RetryDelay] = None,
        on_error: Optional[_work.OnError] = None,
        stop: Optional[Stop] = None,
    ) -> None:
        """Gives the events of the inbox to ``handler``, in up to ``concurrency`` threads at once. An event is acknowledged when its
        handler is done, and released when it raises: by default for 1 second, doubled with each delivery, 300 at most.

        Returns when ``stop`` is set and the handlers under way are done; on Ctrl-C they are waited for as well. Trouble that may
        pass is logged, or given to ``on_error``, and outlived; only what will not pass, such as a revoked key, raises.
        """
        if concurrency < 1:
            raise ValueError("concurrency must be above 0.")
        consumer = self._consumer(event_types, wait_seconds, lease_seconds, stop)
        _work.work(consumer, handler, concurrency, retry_delay_seconds, on_error, self._http.settings.backoff)

    @overload
    def acknowledge(self, event_ids: str) -> Dict[str, Any]: ...  # type: ignore  # a str is an Iterable[str] too

    @overload
    def acknowledge(self, event_ids: Iterable[str]) -> AcknowledgeResult: ...

    def acknowledge(self, event_ids: Union[str, Iterable[str]]) -> Union[Dict[str, Any], AcknowledgeResult]:
        """Ends one event, or any number of them, whoever holds them: they do not come again. For many, look at ``failed``."""
        if isinstance(event_ids, str):
            answer: Dict[str, Any] = self._http.json("PATCH", f"/v1/events/{_part(event_ids)}/acknowledge", {})
            return answer
        return acknowledge_all(self._http, event_ids)

    def get_event(self, event_id: str) -> EventDetails:
        """An event with its status and history."""
        answer = self._http.json("GET", f"/v1/events/{_part(event_id)}")
        with reading():
            return read_details(answer)

    @overload
    def replay(self, event_id: str) -> Dict[str, Any]: ...

    @overload
    def replay(
        self,
        *,
        filter: Mapping[str, Any],
        limit: Optional[int] = None,
        max_per_second: Optional[int] = None,
        dry_run: bool = False,
    ) -> Dict[str, Any]: ...

    def replay(
        self,
        event_id: Optional[str] = None,
        *,
        filter: Optional[Mapping[str, Any]] = None,
        limit: Optional[int] = None,
        max_per_second: Optional[int] = None,
        dry_run: bool = False,
    ) -> Dict[str, Any]:
        """Puts an acknowledged event back into the inbox, or all that match ``filter``, which has ``from``, ``to``, and perhaps
        ``event_types`` and ``status``. An answer with a ``job_id``: so many match that a job does it. When the answer to a bulk
        replay is lost, the repetition counts what is left to be moved, or gives the job that the first attempt has begun.
        """
        answer: Dict[str, Any]
        if event_id is not None:
            answer = self._http.json("POST", f"/v1/events/{_part(event_id)}/replay", {})
            return answer
        if filter is None:
            raise TypeError("replay() takes an event_id or a filter")
        options: Dict[str, Any] = {"limit": limit, "max_per_second": max_per_second, "dry_run": dry_run or None}
        body = {"filter": dict(filter), **{name: value for name, value in options.items() if value is not None}}
        return start_bulk(self._http, "/v1/events/replay", body)

    def usage(self) -> Dict[str, Any]:
        """What is used of your limits, and every limit of the API."""
        answer: Dict[str, Any] = self._http.json("GET", "/v1/usage")
        return answer

    def account(self) -> Dict[str, Any]:
        """Whose key this is, and the settings of the account."""
        answer: Dict[str, Any] = self._http.json("GET", "/v1/account")
        return answer

    def health(self) -> Dict[str, Any]:
        """How the service is, ``degraded`` included. Also says whether the key is good: raises AuthenticationError when it is not."""
        answer: Dict[str, Any] = self._http.json("GET", "/v1/health", expect=503)
        return answer

    def call(self, method: str, path: str, body: Optional[Mapping[str, Any]] = None, **query: Any) -> Any:
        """Any other call of the API, with the same retries and errors: ``call("GET", "/v1/dead-letters", limit=10)``. A rotation of
        the key is sent once, whatever becomes of its answer.
        """
        if method == "POST" and path in BULK and body is not None and not query:
            return start_bulk(self._http, path, body)
        return self._http.json(method, path, body, query=query)

    def _consumer(
        self, event_types: Optional[Sequence[str]], wait_seconds: int, lease_seconds: int, stop: Optional[Stop]
    ) -> _consumer.Consumer:
        return _consumer.Consumer(
            self._http, event_types=event_types, wait_seconds=wait_seconds, lease_seconds=lease_seconds, stop=stop or Stop()
        )


def _part(event_id: str) -> str:
    """As one part of a path, whatever is in it."""
    return quote(event_id, safe="")
