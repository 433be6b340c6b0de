"""Handles what comes into the inbox:  python3 poll.py"""
from call import FOREVER, call, run


def handle(event):
    print(f"handled {event['event_id']} {event['event_type']}")  # your work; an exception ends the program


def poll():
    handled = set()  # handled and not yet acknowledged: these come again, and are not handled again
    while True:
        # Answered with the first event, or empty after 20 seconds. What is acknowledged is the position: no cursor.
        events = call("GET", "/v1/inbox?limit=100&wait=20", attempts=FOREVER)["events"]
        for event in events:
            if event["event_id"] not in handled:
                handle(event)
                handled.add(event["event_id"])
        if events:
            answer = call("POST", "/v1/events/acknowledge", {"event_ids": [event["event_id"] for event in events]}, FOREVER)
            for result in answer["results"]:
                if result["status"] == "acknowledged" or not result["error"]["retryable"]:
                    handled.discard(result["event_id"])
            print(f"acknowledged {answer['acknowledged']}")


run(poll)
