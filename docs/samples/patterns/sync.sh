#!/bin/sh
# Sends what your system writes down:  sh sync.sh orders.jsonl
#
# Your system adds a line such as {"id":1001} to the file for each order, id first. Run this every minute, one at a time.
. "$(dirname "$0")/call.sh"

# How far we are. A line's place never changes; a number from a database's sequence may appear after a higher one.
# Whatever is wrong with the file, except that it is not there yet, ends the program: to begin anew would send everything again.
sent=0
if [ -e "$1.sent" ]; then sent=$(cat "$1.sent"); fi
case $sent in '' | *[!0-9]*)
  echo "$1.sent holds no number" >&2
  exit 1
  ;;
esac
tail -n "+$((sent + 1))" "$1" > "$work/lines"
while IFS= read -r order; do # a last line without its end is not read: it may be half written
  # A crash before the next lines sends the order again. With a key from your own id it is still stored once.
  key=order-$(printf '%s\n' "$order" | sed 's/^{"id": *\([0-9]*\).*/\1/')-created
  call POST /v1/events "{\"event_type\":\"order.created\",\"payload\":$order,\"idempotency_key\":\"$key\"}"
  sent=$((sent + 1))
  echo "$sent" > "$1.sent.new"
  mv "$1.sent.new" "$1.sent"
  echo "sent $key as $(member event_id)"
done < "$work/lines"
echo "up to date after $sent lines"
