"""What the patterns beside this file share: one request that survives a bad network. Standard library only."""
import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request

API_URL = os.environ.get("API_URL", "").rstrip("/")
API_KEY = os.environ.get("API_KEY", "")
FOREVER = float("inf")  # attempts, for programs that wait out any trouble
sys.stdout.reconfigure(line_buffering=True)


class Refused(Exception):
    """An answer that sending the same again does not mend; `status` is that of HTTP."""

    def __init__(self, status, text):
        super().__init__(f"{status} {text}" if status else text)
        self.status = status


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to wherever it leads: it is an answer like 404."""

    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(NoRedirects)


def call(method, path, body=None, attempts=8):
    """Gives the answer's JSON. A lost connection, 408, 429 and 5xx are tried again, later each time; the last failure is a Refused."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"X-API-Key": API_KEY, "Content-Type": "application/json"}
    attempt = 1
    while True:
        status, least = 0, "0"
        try:
            request = urllib.request.Request(API_URL + path, data, headers, method=method)
            with opener.open(request, timeout=40) as answer:
                text = answer.read().decode(errors="replace")
            try:
                return json.loads(text)
            except ValueError:
                raise Refused(answer.status, f"no answer of the Triggers API: {text[:200]}") from None
        except urllib.error.HTTPError as error:
            status, text, least = error.code, error.read().decode(errors="replace"), error.headers.get("Retry-After", "0")
        except (OSError, http.client.HTTPException) as error:
            text = f"no answer from {API_URL}: {error}"
        if 300 <= status < 500 and status not in (408, 429) or attempt == attempts:
            raise Refused(status, text)
        print(f"attempt {attempt}: {status} {text}", file=sys.stderr)
        # Retry-After is the least wait. The random part keeps many clients from coming back all at once.
        time.sleep((int(least) if least.isdigit() else 0) + random.uniform(0, min(30, 0.25 * 2 ** min(attempt - 1, 7))))
        attempt += 1


def run(program):
    """Runs it, and ends the process: 0 done, 1 failed, 2 the environment is incomplete, 130 stopped by Ctrl-C."""
    if not API_URL or not API_KEY:
        print("Set API_URL and API_KEY.", file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(program())
    except Refused as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
