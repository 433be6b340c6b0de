"""What a client is made with: given, from the environment, or the default."""

from __future__ import annotations

import os
import platform
import re
import ssl
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from typing import Any, Callable, Mapping, Optional
from urllib.parse import SplitResult, urlsplit

from ._retry import Backoff
from ._version import __version__


@dataclass(frozen=True)
class Settings:
    api_key: str = field(repr=False)
    base_url: SplitResult
    timeout: float
    deadline: float
    max_attempts: int
    backoff: Backoff
    user_agent: str
    parse_float: Optional[Callable[[str], Any]]
    #: Makes a connection that is not yet open; gets the seconds that opening it may take.
    connect: Callable[[float], HTTPConnection] = field(repr=False)


def settings_of(
    api_key: Optional[str],
    base_url: Optional[str],
    *,
    timeout: float,
    deadline: float,
    max_attempts: int,
    backoff: Backoff,
    user_agent: Optional[str],
    parse_float: Optional[Callable[[str], Any]],
    ssl_context: Optional[ssl.SSLContext],
    connect: Optional[Callable[[float], HTTPConnection]],
    env: Mapping[str, str] = os.environ,
) -> Settings:
    """Raises ValueError when something is missing or wrong. It never repeats the key, nor an address that may hold a password."""
    key = (api_key if api_key is not None else env.get("TRIGGERS_API_KEY") or env.get("API_KEY") or "").strip()
    if not key:
        raise ValueError("No API key: give api_key, or set TRIGGERS_API_KEY.")
    # Anything else cannot stand in a header, and the error of whoever tries would repeat it.
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise ValueError("The API key has characters that no key has, such as spaces or line breaks.")
    for name, value in (("timeout", timeout), ("deadline", deadline), ("max_attempts", max_attempts)):
        if not value > 0:
            raise ValueError(f"{name} must be above 0.")
    url = _base_url(base_url if base_url is not None else env.get("TRIGGERS_API_URL") or env.get("API_URL") or "")
    agents = [user_agent, f"triggers-api-python/{__version__}", f"python/{platform.python_version()}"]
    return Settings(
        api_key=key,
        base_url=url,
        timeout=timeout,
        deadline=deadline,
        max_attempts=max_attempts,
        backoff=backoff,
        user_agent=" ".join(agent for agent in agents if agent),
        parse_float=parse_float,
        connect=connect or _connect(url, ssl_context),
    )


def _base_url(given: str) -> SplitResult:
    text = given.strip().rstrip("/")
    if not text:
        raise ValueError("No address: give base_url, or set TRIGGERS_API_URL.")
    try:
        url = urlsplit(text)
        url.port  # noqa: B018  raises for what is no port
    except ValueError:
        raise ValueError("base_url is not an http or https address.") from None
    if url.scheme not in ("http", "https") or not url.hostname or not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError("base_url is not an http or https address.")
    if url.username is not None or url.password is not None:
        raise ValueError("base_url must not have a user or password in it.")
    if url.query or url.fragment:
        raise ValueError("base_url must not have a query or a fragment.")
    return url


def _connect(url: SplitResult, ssl_context: Optional[ssl.SSLContext]) -> Callable[[float], HTTPConnection]:
    host = url.hostname or ""
    if url.scheme == "http":
        return lambda timeout: HTTPConnection(host, url.port, timeout=timeout)
    context = ssl_context or ssl.create_default_context()
    return lambda timeout: HTTPSConnection(host, url.port, timeout=timeout, context=context)
