"""Sends what your system writes down:  python3 sync.py orders.jsonl

Your system adds a line such as {"id": 1001} to the file for each order. Run this every minute, one at a time.
"""
import json
import os
import sys

from call import call, run


def sync(path):
    # How far we are. A line's place never changes; a number from a database's sequence may appear after a higher one.
    try:
        with open(path + ".sent") as file:
            sent = int(file.read())
    except FileNotFoundError:  # whatever else is wrong with it ends the program: to begin anew would send everything again
        sent = 0
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if line.endswith("\n")]  # the last one may be half written
    for line in lines[sent:]:
        order = json.loads(line)
        # A crash before the next two lines sends the order again. With a key from your own id it is still stored once.
        key = f"order-{order['id']}-created"
        event = call("POST", "/v1/events", {"event_type": "order.created", "payload": order, "idempotency_key": key})
        sent += 1
        with open(path + ".sent.new", "w") as file:
            file.write(str(sent))
        os.replace(path + ".sent.new", path + ".sent")
        print(f"sent {key} as {event['event_id']}")
    print(f"up to date after {sent} lines")


run(lambda: sync(sys.argv[1]))
