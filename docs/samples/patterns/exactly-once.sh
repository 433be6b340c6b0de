#!/bin/sh
# Every event has its effect once, whatever comes twice or crashes when:  sh exactly-once.sh orders
. "$(dirname "$0")/call.sh"
attempts=0
mkdir -p "$1"

# The effect and the note of it are one step: a file that is there whole, or not at all. To another system send event_id as its idempotency key.
while :; do
  call GET '/v1/inbox?limit=1&wait=20'
  event_id=$(member event_id)
  [ -n "$event_id" ] || continue
  if [ -e "$1/$event_id.json" ]; then
    echo "$event_id was done before"
  else
    cp "$work/answer" "$1/$event_id.json.new"
    mv "$1/$event_id.json.new" "$1/$event_id.json"
    echo "$event_id done"
  fi
  call PATCH "/v1/events/$event_id/acknowledge" || [ "$status" = 404 ] # after the effect, never before; 404: expired meanwhile
done
