#!/usr/bin/env python3
"""The Triggers API in one run: check the key, send an event, send it again, retrieve it, acknowledge it.

    API_URL=https://… API_KEY=sk_… python3 python-quick-start.py

Python 3.9 or newer, standard library only. Exit code: 0 done, 1 failed, 2 API_URL or API_KEY is missing or no such thing.
"""
import http.client
import json
import os
import random
import re
import sys
import time
import urllib.error
import urllib.request
import uuid

API_URL = os.environ.get("API_URL", "").rstrip("/")
API_KEY = os.environ.get("API_KEY", "").strip()
EVENT_TYPE = "quick-start.order.created"
ATTEMPTS = 8


class Refused(Exception):
    """An answer that sending the same again does not mend, such as 301, 400, 401 or 404."""


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to wherever it leads: it is an answer like 404."""

    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(NoRedirects)


def call(method, path, body=None, idempotency_key=None):
    """Gives the JSON of the answer. A lost connection, 408, 429 and 5xx are tried again, later each time."""
    headers = {"X-API-Key": API_KEY}
    if idempotency_key:
        headers["Idempotency-Key"] = idempotency_key  # the same in every attempt: the event is stored once
    if body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(body).encode()
    for attempt in range(1, ATTEMPTS + 1):
        least = 0
        try:
            request = urllib.request.Request(API_URL + path, body, headers, method=method)
            with opener.open(request, timeout=40) as response:
                answer = response.read()
            try:
                return json.loads(answer)
            except ValueError:
                raise Refused(f"no answer of the Triggers API, but {answer[:200]!r}: check API_URL") from None
        except urllib.error.HTTPError as error:
            answer = error.read().decode(errors="replace")
            if path == "/v1/health" and error.code == 503 and '"serving":true' in answer:
                return json.loads(answer)  # degraded, and it names what is; requests are served
            if error.code < 500 and error.code not in (408, 429):
                raise Refused(explain(error.code, answer)) from None
            failure = explain(error.code, answer)
            retry_after = error.headers.get("Retry-After", "")
            least = int(retry_after) if retry_after.isdigit() else 0
        except (OSError, http.client.HTTPException) as error:
            failure = f"no answer from {API_URL}: {error}"
        if attempt == ATTEMPTS:
            raise Refused(f"gave up after {ATTEMPTS} attempts: {failure}")
        # Retry-After is the least wait. The random part keeps many clients from coming back all at once.
        time.sleep(least + random.uniform(0, min(30, 0.25 * 2 ** (attempt - 1))))


def explain(status, answer):
    """One line from a problem document; `code` is for programs, `request_id` for support."""
    try:
        problem = json.loads(answer)
        text = f"{status} {problem['code']}: {problem['detail']} (request_id {problem['request_id']})"
    except (ValueError, KeyError, TypeError):
        text = f"{status} {answer[:200]}"
    return text + ("\nCheck API_KEY: complete, not expired, not replaced?" if status == 401 else "")


def main():
    health = call("GET", "/v1/health")
    print(f"key good, service {health['status']}")

    event = {"event_type": EVENT_TYPE, "payload": {"order_id": "1001", "amount": 99.99}}
    key = f"quick-start-{uuid.uuid4()}"  # from your own ids in earnest: order-1001-created
    first = call("POST", "/v1/events", event, idempotency_key=key)
    print(f"sent {first['event_id']}")

    second = call("POST", "/v1/events", event, idempotency_key=key)
    if second["event_id"] != first["event_id"] or not second["duplicate"]:
        raise Refused("the same event was stored twice")
    print(f"sent again {second['event_id']}: a duplicate, stored once")

    page = call("GET", f"/v1/inbox?limit=100&event_type={EVENT_TYPE}")
    found = next((each for each in page["events"] if each["event_id"] == first["event_id"]), None)
    if found is None:
        raise Refused("the event is not in the inbox: does another program of yours empty it?")
    print(f"retrieved {found['event_id']}: {json.dumps(found['payload'], separators=(',', ':'))}")

    done = call("PATCH", f"/v1/events/{found['event_id']}/acknowledge")
    print(f"acknowledged {done['event_id']}")


if __name__ == "__main__":
    if not API_URL.startswith(("http://", "https://")) or not re.fullmatch(r"\w+", API_KEY, re.ASCII):
        print("Set API_URL (https://…) and API_KEY (sk_…); both are in the welcome mail.", file=sys.stderr)
        sys.exit(2)
    try:
        main()
    except Refused as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
