"""Sends what was there before:  python3 backfill.py orders.jsonl

A line such as {"id": 1001} for each order. Run it again within your retention (72 hours unless it was changed): what is
stored is not stored twice. After that its keys are forgotten, and it would store everything anew: keep how far it came, as sync does.
"""
import json
import random
import sys
import time

from call import call, run


def batches(path):
    """At most 500 events and 4 MiB in each."""
    batch, size = [], 0
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            order = json.loads(line)
            event = {"event_type": "order.imported", "payload": order, "idempotency_key": f"order-{order['id']}-imported"}
            length = len(json.dumps(event)) + 2
            if batch and (len(batch) == 500 or size + length > 4_000_000):
                yield batch
                batch, size = [], 0
            batch.append(event)
            size += length
    if batch:
        yield batch


def backfill(path):
    counts = {"accepted": 0, "duplicate": 0, "failed": 0}
    for batch in batches(path):
        for attempt in range(1, 9):
            again = []
            for event, result in zip(batch, call("POST", "/v1/events/batch", {"events": batch})["results"]):
                if result["status"] == "failed" and result["error"]["retryable"] and attempt < 8:
                    again.append(event)
                    continue
                counts[result["status"]] += 1
                if result["status"] == "failed":
                    print(f"{event['idempotency_key']}: {result['error']['code']} {result['error']['detail']}", file=sys.stderr)
            if not again:
                break
            batch = again
            time.sleep(random.uniform(0, min(30, 0.25 * 2 ** attempt)))
    print(f"{counts['accepted']} accepted, {counts['duplicate']} duplicates, {counts['failed']} failed")
    return 1 if counts["failed"] else 0


run(lambda: backfill(sys.argv[1]))
