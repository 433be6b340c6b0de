"""Handlers over an inbox."""

from __future__ import annotations

import logging
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Optional, Union

from ._consumer import Consumer
from ._retry import Backoff
from .errors import TriggersError
from .leased_event import LeasedEvent
from .stop import Stopped

#: Done: the event is acknowledged. Raises: it is released. It may settle the event itself.
Handler = Callable[[LeasedEvent], Any]
RetryDelay = Union[float, Callable[[LeasedEvent, Exception], float]]
OnError = Callable[[Exception, Optional[LeasedEvent]], Any]

#: The API's longest delay of a release, in seconds.
MAX_DELAY = 43_200

_log = logging.getLogger("triggers_api")


def work(
    consumer: Consumer, handler: Handler, concurrency: int, retry_delay: Optional[RetryDelay], on_error: Optional[OnError], backoff: Backoff
) -> None:
    """Only as much is fetched as can be begun at once: the rest is for other workers. The calling thread fetches."""
    free = threading.Semaphore(concurrency)

    def tell(error: Exception, event: Optional[LeasedEvent]) -> None:
        try:
            (on_error or _log_error)(error, event)
        except Exception:
            # What it was to be told is the cause of this one in the log.
            _log.exception("on_error failed")

    def delay(event: LeasedEvent, error: Exception) -> int:
        try:
            return _delay(retry_delay, event, error)
        except Exception as own:
            tell(own, event)
            return _delay(None, event, error)

    def handle(event: LeasedEvent) -> None:
        """Whatever its callbacks raise, the event leaves: else its lease would be extended for hours with nobody at work on it."""
        try:
            try:
                handler(event)
            except BaseException as raised:  # also SystemExit, which ends no more than the thread
                error = raised if isinstance(raised, Exception) else RuntimeError(f"The handler ended with {raised!r}")
                tell(error, event)
                consumer.release([event], delay(event, error))
            else:
                consumer.finish(event)
        except Exception as error:
            tell(error, event)
        finally:
            free.release()

    failures = 0
    with ThreadPoolExecutor(concurrency, "triggers-worker") as threads:
        try:
            while not consumer.stop.is_set():
                slots = _take(free, concurrency, consumer)
                try:
                    events = consumer.receive(min(slots, 500))
                    failures = 0
                except TriggersError as error:
                    if not error.retryable:
                        raise
                    # A worker outlives the outages of what it depends on.
                    failures += 1
                    tell(error, None)
                    events = []
                    consumer.stop.sleep(backoff.seconds(failures, error.retry_after_seconds))
                if consumer.stop.is_set():
                    consumer.release(events)
                    return
                for event in events:
                    threads.submit(handle, event)
                for _ in range(slots - len(events)):
                    free.release()
        except Stopped:
            pass
        finally:
            threads.shutdown()  # the handlers under way finish, and their leases are kept
            consumer.close()


def _take(free: threading.Semaphore, most: int, consumer: Consumer) -> int:
    """Waits for a free slot, and takes all that are free."""
    while not free.acquire(timeout=0.2):
        if consumer.stop.is_set():
            raise Stopped
    slots = 1
    while slots < most and free.acquire(blocking=False):
        slots += 1
    return slots


def _delay(option: Optional[RetryDelay], event: LeasedEvent, error: Exception) -> int:
    """Seconds after which an event whose handler raised comes again."""
    if option is None:
        return int(min(2 ** (event.delivery.count - 1), 300))
    seconds = option(event, error) if callable(option) else option
    return min(max(math.ceil(seconds), 0), MAX_DELAY)


def _log_error(error: Exception, event: Optional[LeasedEvent]) -> None:
    if event is None:
        _log.warning("the inbox cannot be read for now: %s", error)
    else:
        _log.error("the handler of %s failed", event.event_id, exc_info=error)
