#!/bin/sh
# Sends what was there before:  sh backfill.sh orders.jsonl
#
# A line such as {"id":1001} for each order, id first. Run it again within your retention (72 hours unless it was changed): what is
# stored is not stored twice. After that its keys are forgotten, and it would store everything anew: keep how far it came, as sync does.
. "$(dirname "$0")/call.sh"

# The first number of that name in the answer.
number() {
  grep -o "\"$1\":[0-9]*" "$work/answer" | head -n 1 | cut -d : -f 2
}

# 500 events in each batch; fewer when they have more than 8 KiB each, because a batch has at most 4 MiB.
mkdir "$work/batches"
sed 's/^{"id": *\([0-9]*\).*/{"event_type":"order.imported","idempotency_key":"order-\1-imported","payload":&}/' "$1" |
  split -l 500 -a 5 - "$work/batches/"
accepted=0 duplicates=0 failed=0
for batch in "$work/batches/"*; do
  round=1
  while :; do
    call POST /v1/events/batch "[$(paste -s -d , "$batch")]"
    # What may succeed later is tried again with the whole batch: what is stored already is a duplicate then, and free.
    if ! grep -q '"retryable":true' "$work/answer" || [ "$round" -eq 8 ]; then break; fi
    sleep "$round"
    round=$((round + 1))
  done
  accepted=$((accepted + $(number accepted))) duplicates=$((duplicates + $(number duplicates))) failed=$((failed + $(number failed)))
  grep -o '"index":[0-9]*,"status":"failed","error":{"code":"[^"]*","detail":"[^"]*"' "$work/answer" |
    sed 's/"index":\([0-9]*\).*"code":"\([^"]*\)","detail":"\([^"]*\)"/item \1 of this batch: \2 \3/' >&2
done
echo "$accepted accepted, $duplicates duplicates, $failed failed"
[ "$failed" -eq 0 ]
