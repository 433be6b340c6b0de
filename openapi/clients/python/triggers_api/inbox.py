"""The loop over an inbox."""

from __future__ import annotations

from typing import Generator, Iterator, List, Optional, Type

from ._consumer import Consumer
from .leased_event import LeasedEvent
from .stop import Stopped


class Inbox(Iterator[LeasedEvent]):
    """The events of the inbox, one after the other, each kept under a lease while the loop works on it.

    It is acknowledged when the loop asks for the next. When the loop ends otherwise (break, return, an exception), what is in hand
    is released, unless it was settled: at the end of ``with``, which makes that certain, or when the loop lets go of the inbox.
    """

    def __init__(self, consumer: Consumer, max_events: int, stop_when_empty: bool) -> None:
        self._stop = consumer.stop
        # It does not know of this object, so that it ends as soon as nobody holds this.
        self._events = _events(consumer, max_events, stop_when_empty)

    def __iter__(self) -> Inbox:
        return self

    def __next__(self) -> LeasedEvent:
        return next(self._events)

    def __enter__(self) -> Inbox:
        return self

    def __exit__(self, _type: Optional[Type[BaseException]], _value: object, _traceback: object) -> None:
        self.close()

    def stop(self, *_: object) -> None:
        """Ends the loop after the event in hand. For other threads and signal handlers."""
        self._stop.set()

    def close(self) -> None:
        """Ends it now, and releases what is in hand."""
        self._events.close()


def _events(consumer: Consumer, max_events: int, stop_when_empty: bool) -> Generator[LeasedEvent, None, None]:
    """It begins by fetching one event and doubles that as long as all goes well. So an event on which the process dies is soon
    fetched alone, and does not take its neighbours along to the dead letters, one delivery at a time.
    """
    held: List[LeasedEvent] = []  # the first is in hand
    size = 1
    try:
        while not consumer.stop.is_set():
            held.extend(consumer.receive(size, 0 if stop_when_empty else None))
            if not held and stop_when_empty:
                return
            if held:
                size = min(size * 2, max_events)
            while held and not consumer.stop.is_set():
                event = held[0]
                if consumer.is_ours(event):
                    yield event
                    consumer.finish(event)
                held.pop(0)
    except Stopped:
        pass
    finally:
        consumer.release(held)
        consumer.close()
