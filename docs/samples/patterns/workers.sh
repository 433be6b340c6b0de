#!/bin/sh
# One of several workers on one inbox:  sh workers.sh     Start it as often as you like.
. "$(dirname "$0")/call.sh"
attempts=0
lease_seconds=60

handle() {
  echo "handled $(member event_id) $(member event_type)" # your work, with the JSON in $work/answer; a failure releases the event
}

# Extends the lease for as long as the work takes and this worker lives. When it is lost, the settlement will say so.
keep() {
  work=$work/keep
  mkdir -p "$work"
  trap 'kill "$sleeper"; exit' TERM
  while :; do
    sleep $((lease_seconds / 3)) &
    sleeper=$!
    wait "$sleeper"
    kill -0 "$$" || exit
    call PATCH "/v1/events/$event_id/extend" "{\"lease_token\":\"$lease_token\",\"lease_seconds\":$lease_seconds}" || exit
  done
}

while :; do
  # With a receive_id, an answer that was lost on its way is given again instead of waiting for its leases to end.
  receive_id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  call POST /v1/inbox/receive "{\"max_events\":1,\"lease_seconds\":$lease_seconds,\"wait_seconds\":20,\"receive_id\":\"$receive_id\"}"
  event_id=$(member event_id)
  [ -n "$event_id" ] || continue
  lease_token=$(grep -o '"lease_token":"[^"]*' "$work/answer" | tail -n 1 | cut -d '"' -f 4) # comes after the payload
  keep 2> /dev/null &
  keeper=$!
  if handle; then command=acknowledge more=; else command=release more=',"delay_seconds":30'; fi # a dead letter after the tenth delivery
  kill "$keeper" 2> /dev/null || :
  wait "$keeper" || :
  if call PATCH "/v1/events/$event_id/$command" "{\"lease_token\":\"$lease_token\"$more}"; then
    echo "$command $event_id"
  else
    [ "$status" = 404 ] || [ "$status" = 409 ] # 409 lease_lost: another worker has it now; 404: expired
  fi
done
