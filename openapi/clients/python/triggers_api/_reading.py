"""Reading what an answer says."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

from .errors import TriggersError


@contextmanager
def reading() -> Iterator[None]:
    """An answer that is JSON and not what the API says comes from something between us: a TriggersError like every other failure."""
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        detail = f"The answer is not what the API gives ({type(error).__name__}: {error})"
        raise TriggersError(detail, code="unexpected_answer") from None
