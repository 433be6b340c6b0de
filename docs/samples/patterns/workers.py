"""One of several workers on one inbox:  python3 workers.py     Start it as often as you like."""
import sys
import threading
import uuid

from call import FOREVER, Refused, call, run

LEASE_SECONDS = 60


def handle(event):
    print(f"handled {event['event_id']} {event['event_type']}")  # your work


def keep(event, done):
    """Extends the lease for as long as the work takes."""
    while not done.wait(LEASE_SECONDS / 3):
        try:
            body = {"lease_token": event["lease_token"], "lease_seconds": LEASE_SECONDS}
            call("PATCH", f"/v1/events/{event['event_id']}/extend", body)
        except Refused:  # lost: the settlement will say so
            return


def work():
    while True:
        # With a receive_id, an answer that was lost on its way is given again instead of waiting for its leases to end.
        wish = {"max_events": 1, "lease_seconds": LEASE_SECONDS, "wait_seconds": 20, "receive_id": uuid.uuid4().hex}
        for event in call("POST", "/v1/inbox/receive", wish, FOREVER)["events"]:
            done = threading.Event()
            threading.Thread(target=keep, args=(event, done), daemon=True).start()
            command, options = "acknowledge", {}
            try:
                handle(event)
            except Exception as error:  # for any worker, in 30 seconds; a dead letter after the tenth delivery
                print(f"failed {event['event_id']}: {error}", file=sys.stderr)
                command, options = "release", {"delay_seconds": 30}
            done.set()
            try:
                call("PATCH", f"/v1/events/{event['event_id']}/{command}", {"lease_token": event["lease_token"], **options}, FOREVER)
                print(f"{command} {event['event_id']}")
            except Refused as error:
                if error.status not in (404, 409):  # 409 lease_lost: another worker has it now; 404: expired
                    raise
                print(f"lost {event['event_id']}: {error}", file=sys.stderr)


run(work)
