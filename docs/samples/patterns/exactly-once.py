"""Every event has its effect once, whatever comes twice or crashes when:  python3 exactly-once.py orders.sqlite"""
import json
import sqlite3
import sys

from call import FOREVER, Refused, call, run


def handle_once(database, event):
    """Whether the event was new. The effect and the note of it are one transaction: both are there, or neither is."""
    with database:
        if database.execute("INSERT OR IGNORE INTO handled VALUES (?)", [event["event_id"]]).rowcount == 0:
            return False
        # Your effect, in the same database. To another system send event_id as its idempotency key.
        database.execute("INSERT INTO orders VALUES (?, ?)", [event["event_id"], json.dumps(event["payload"])])
    return True


def handle_all(path):
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE IF NOT EXISTS handled (event_id TEXT PRIMARY KEY)")
    database.execute("CREATE TABLE IF NOT EXISTS orders (event_id TEXT, payload TEXT)")
    while True:
        for event in call("GET", "/v1/inbox?limit=100&wait=20", attempts=FOREVER)["events"]:
            print(event["event_id"], "done" if handle_once(database, event) else "was done before")
            try:
                call("PATCH", f"/v1/events/{event['event_id']}/acknowledge", {}, FOREVER)  # after the commit, never before
            except Refused as error:
                if error.status != 404:  # expired meanwhile
                    raise


run(lambda: handle_all(sys.argv[1]))
