#!/bin/sh
# Handles what comes into the inbox:  sh poll.sh
. "$(dirname "$0")/call.sh"
attempts=0

handle() {
  echo "handled $(member event_id) $(member event_type)" # your work, with the JSON in $work/answer; a failure ends the program
}

while :; do
  # Answered with the first event, or empty after 20 seconds. What is acknowledged is the position: no cursor.
  call GET '/v1/inbox?limit=1&wait=20'
  event_id=$(member event_id)
  [ -n "$event_id" ] || continue
  handle
  call PATCH "/v1/events/$event_id/acknowledge" || [ "$status" = 404 ] # expired meanwhile
  echo "acknowledged 1"
done
