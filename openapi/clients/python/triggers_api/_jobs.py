"""Bulk replays and redrives, which may become jobs."""

from __future__ import annotations

import time
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Dict, Mapping, Optional
from urllib.parse import quote

from ._http import Http
from ._reading import reading
from .errors import ConflictError

#: What kind of job each starts.
BULK = {"/v1/events/replay": "replay", "/v1/dead-letters/redrive": "redrive"}

#: Seconds by which a time that the header ``Date`` gives may be early (it has whole ones) and a request may be old.
INEXACT = 2.0


def start_bulk(http: Http, path: str, body: Mapping[str, Any]) -> Dict[str, Any]:
    """Starts it once. When the answer that named its job is lost, the next attempt is refused because of that very job: then the job
    is the answer. A job that is older than this call is somebody else's, and the refusal is raised.
    """
    begun = time.monotonic()
    try:
        answer: Dict[str, Any] = http.json("POST", path, body)
        return answer
    except ConflictError as error:
        job_id = error.problem.get("job_id")
        if error.code != "job_in_progress" or error.attempts == 1 or not isinstance(job_id, str):
            raise
        answered = http.send("GET", f"/v1/jobs/{quote(job_id, safe='')}")
        took = time.monotonic() - begun
        with reading():
            job: Dict[str, Any] = http.parse(answered)
            if job["kind"] == BULK[path] and _age(job["created_at"], answered.headers.get("Date")) <= took + INEXACT:
                return job
        raise


def _age(created_at: str, date: Optional[str]) -> float:
    """Seconds, by the server's own clock."""
    created = datetime.fromisoformat(created_at.replace("Z", "+00:00")).timestamp()
    return parsedate_to_datetime(date or "").timestamp() - created
