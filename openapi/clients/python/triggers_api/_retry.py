"""When to try again, and how long to wait before."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Callable, Optional


@dataclass(frozen=True)
class Backoff:
    """Seconds between attempts: the longest wait before the second one, and the limit up to which it doubles."""

    base: float = 0.25
    cap: float = 30.0

    def seconds(
        self, attempt: int, retry_after: Optional[float] = None, random_number: Callable[[], float] = random.random
    ) -> float:
        """After the attempt of that number, from 1: anything from nothing to the doubling limit ("full jitter"), so that many
        clients that failed together do not come back together. ``retry_after`` is the least to wait; a little is added to it, for
        the same reason.
        """
        jitter = random_number() * min(self.cap, self.base * 2.0 ** min(attempt - 1, 30))
        if retry_after is None:
            return jitter
        return max(jitter, retry_after + random_number() * self.base)


def is_retryable(status: int) -> bool:
    """Whether the same request may be answered otherwise later."""
    return status in (408, 429) or status >= 500


def parse_retry_after(header: Optional[str], now: Optional[float] = None) -> Optional[float]:
    """Seconds of a ``Retry-After`` header: whole seconds or an HTTP date (RFC 9110, 10.2.3); None when it is neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return max(0.0, at - (time.time() if now is None else now))
