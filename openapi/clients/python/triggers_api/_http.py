"""Requests over kept connections, sent again for as long as that can help."""

from __future__ import annotations

import io
import json
import os
import socket
import time
from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse
from typing import Any, Deque, Mapping, Optional, Tuple
from urllib.parse import urlencode

from ._retry import is_retryable, parse_retry_after
from ._settings import Settings
from .errors import ConnectionError, FieldError, TimeoutError, TriggersError, answered_error
from .stop import Stop, Stopped


#: Twice is not once: a second rotation would end the key that the first has made, and whose answer was lost.
ONCE = ("/v1/keys/rotate",)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    text: str


class Http:
    """Nearly every request of this API may be repeated: events have their idempotency keys, receives their ids, and to settle twice is
    to settle once. A bulk replay or redrive may not, once it has become a job: see ``_jobs``. A rotation of the key may not at all, and
    is sent once. May be used by several threads at once: each request has a connection of its own while it lasts.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._idle: Deque[HTTPConnection] = deque()
        self._process = os.getpid()

    def json(self, method: str, path: str, body: Optional[Mapping[str, Any]] = None, **options: Any) -> Any:
        """As ``send``; a body and an answer of JSON."""
        return self.parse(self.send(method, path, None if body is None else self.dumps(body), **options))

    @staticmethod
    def dumps(body: Mapping[str, Any]) -> str:
        return json.dumps(body, allow_nan=False)

    def parse(self, answer: Answer) -> Any:
        try:
            return json.loads(answer.text, parse_float=self.settings.parse_float)
        except ValueError:
            raise TriggersError("The answer is not JSON", code="unexpected_answer", status=answer.status) from None

    def send(
        self,
        method: str,
        path: str,
        body: Optional[str] = None,
        *,
        query: Optional[Mapping[str, Any]] = None,
        wait: float = 0,
        expect: Optional[int] = None,
        stop: Optional[Stop] = None,
        deadline: Optional[float] = None,
        max_attempts: Optional[int] = None,
    ) -> Answer:
        """``wait``: seconds that the server may take on purpose. ``expect``: a status that is no error here. ``stop`` ends it.

        Raises the TriggersError of the last attempt, or Stopped.
        """
        settings = self.settings
        repeatable = path not in ONCE
        most = 1 if not repeatable else settings.max_attempts if max_attempts is None else max_attempts
        pairs = {name: value for name, value in (query or {}).items() if value is not None}
        target = settings.base_url.path + path + (f"?{urlencode(pairs)}" if pairs else "")
        end = time.monotonic() + wait + (settings.deadline if deadline is None else deadline)
        attempt = 1
        while True:
            if stop is not None and stop.is_set():
                raise Stopped
            timeout = max(0.001, min(wait + settings.timeout, end - time.monotonic()))
            try:
                answer = self._attempt(method, target, body, timeout, stop, repeatable)
                if 200 <= answer.status < 300 or answer.status == expect:
                    return answer
                raise _error_of(answer)
            except TriggersError as error:
                error.attempts = attempt
                pause = settings.backoff.seconds(attempt, error.retry_after_seconds)
                if not error.retryable or attempt >= most or time.monotonic() + pause >= end:
                    raise
            (stop.sleep if stop is not None else time.sleep)(pause)
            attempt += 1

    def close(self) -> None:
        """Closes the connections that are kept; the next request opens a new one."""
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
        self.close()

    def _attempt(
        self, method: str, target: str, body: Optional[str], timeout: float, stop: Optional[Stop], repeatable: bool
    ) -> Answer:
        end = time.monotonic() + timeout
        headers = {"X-API-Key": self.settings.api_key, "User-Agent": self.settings.user_agent, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else body.encode()
        while True:
            connection, kept = self._take(timeout, repeatable)
            try:
                sock = _open(connection, timeout)
                with stop.ending(sock) if stop is not None else nullcontext():
                    connection.request(method, target, content, headers)
                    connection.response_class = partial(_response, end)  # type: ignore[assignment]
                    response = connection.getresponse()
                    # Whole: an answer that breaks off is an attempt that failed.
                    text = response.read().decode(errors="replace")
            except (OSError, HTTPException) as error:
                connection.close()
                if stop is not None and stop.is_set():
                    raise Stopped from None
                if kept and isinstance(error, (BrokenPipeError, ConnectionResetError)):
                    # It was ended while it was idle: that is no failed attempt. Nobody can be sure of that, so that this may be the one
                    # repetition that ``max_attempts=1`` has; what may not be repeated goes over a connection of its own.
                    continue
                if isinstance(error, socket.timeout):
                    raise TimeoutError(f"No answer within {timeout:.3g} seconds", code="timeout", retryable=True) from error
                detail = f"No answer: {error or type(error).__name__}"
                raise ConnectionError(detail, code="connection_failed", retryable=True) from error
            except BaseException:
                connection.close()  # an answer that was not read would be taken for that of the next request
                raise
            if response.will_close:
                connection.close()
            else:
                self._idle.append(connection)
            return Answer(response.status, response.headers, text)

    def _take(self, timeout: float, may_be_kept: bool) -> Tuple[HTTPConnection, bool]:
        if self._process != os.getpid():  # after a fork the connections are the parent's, which goes on using them
            self.close()
            self._process = os.getpid()
        try:
            if may_be_kept:
                return self._idle.pop(), True
        except IndexError:
            pass
        return self.settings.connect(timeout), False


def _open(connection: HTTPConnection, timeout: float) -> socket.socket:
    if connection.sock is None:
        connection.connect()
        assert connection.sock is not None
        # Headers and body go in two pieces; Nagle's algorithm would hold the second back for the answer to the first.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock = connection.sock
    assert sock is not None
    sock.settimeout(timeout)
    return sock


def _response(end: float, sock: socket.socket, **options: Any) -> HTTPResponse:
    return HTTPResponse(_Timed(sock, end), **options)  # type: ignore[arg-type]


class _Timed:
    """A socket as ``HTTPResponse`` reads it: whole answers have their time, not single pieces, however slowly they come."""

    def __init__(self, sock: socket.socket, end: float) -> None:
        self._sock = sock
        self._end = end

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, self._end))


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, end: float) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        left = self._end - time.monotonic()
        if left <= 0:
            raise socket.timeout
        self._sock.settimeout(left)
        count: Optional[int] = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def _error_of(answer: Answer) -> TriggersError:
    """What is no problem document comes from something between us, and only its status counts."""
    try:
        problem = json.loads(answer.text)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {}

    def text(name: str) -> Optional[str]:
        return problem[name] if isinstance(problem.get(name), str) else None

    return answered_error(
        answer.status,
        text("code") or f"http_{answer.status}",
        text("detail") or text("title") or f"The answer has the status {answer.status}",
        request_id=text("request_id") or answer.headers.get("X-Request-Id"),
        retryable=is_retryable(answer.status),
        errors=[
            FieldError(str(each.get("pointer")), str(each.get("code")), str(each.get("detail")))
            for each in problem.get("errors") or []
            if isinstance(each, dict)
        ],
        retry_after_seconds=parse_retry_after(answer.headers.get("Retry-After")),
        problem=problem,
    )
