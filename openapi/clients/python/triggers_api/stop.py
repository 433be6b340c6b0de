"""A way to end waiting loops from a signal handler or another thread."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from typing import Iterator, List


class Stopped(Exception):
    """The wait was ended by a ``Stop``. Inner: callers never see it."""


class Stop:
    """Ends ``inbox`` and ``work``: ``signal.signal(signal.SIGTERM, stop)`` or ``stop.set()``.

    Invariant: setting it takes no lock. A signal handler runs in the middle of whatever its thread was doing, and would wait for
    ever for a lock which that holds.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._sockets: List[socket.socket] = []

    def __call__(self, *_: object) -> None:
        self.set()

    def set(self) -> None:
        """From now on nothing new begins. Long polls under way end."""
        self._is_set = True
        for sock in tuple(self._sockets):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # it has ended by itself
                pass

    def is_set(self) -> bool:
        return self._is_set

    def sleep(self, seconds: float) -> None:
        """Waits. Raises Stopped when it is set before."""
        end = time.monotonic() + seconds
        while True:
            if self._is_set:
                raise Stopped
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.1))

    @contextmanager
    def ending(self, sock: socket.socket) -> Iterator[None]:
        """A request whose connection is ended when this is set."""
        self._sockets.append(sock)
        try:
            if self._is_set:
                raise Stopped
            yield
        finally:
            self._sockets.remove(sock)
