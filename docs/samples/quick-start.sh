#!/bin/sh
# The Triggers API in one run: check the key, send an event, send it again, retrieve it, acknowledge it.
#
#     API_URL=https://… API_KEY=sk_… sh quick-start.sh
#
# Needs curl 7.55 or newer. Exit code: 0 done, 1 failed, 2 API_URL or API_KEY is missing or no such thing.
set -eu
export LC_ALL=C

API_URL=${API_URL:-}
API_URL=${API_URL%/}
case $API_URL in http://* | https://*) ;; *) API_KEY= ;; esac
case ${API_KEY:-} in
  '' | *[!A-Za-z0-9_]*)
    echo 'Set API_URL (https://…) and API_KEY (sk_…); both are in the welcome mail.' >&2
    exit 2
    ;;
esac
event_type=quick-start.order.created
attempts=8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The first text member of that name in the answer.
member() {
  grep -o "\"$1\":\"[^\"]*" "$work/answer" | head -n 1 | cut -d '"' -f 4
}

fail() {
  echo "$1" >&2
  exit 1
}

# One line from a problem document; `code` is for programs, `request_id` for support.
explain() {
  if [ "$status" = 000 ]; then
    echo "no answer from $API_URL"
  else
    echo "$status $(member code): $(member detail) (request_id $(member request_id))"
  fi
  if [ "$status" = 401 ]; then echo 'Check API_KEY: complete, not expired, not replaced?'; fi
}

# call METHOD PATH [BODY [IDEMPOTENCY_KEY]] writes the answer to $work/answer.
# A lost connection, 408, 429 and 5xx are tried again, later each time, with the same idempotency key: the event is stored once.
# The API key goes to curl through a pipe, so that no list of processes shows it.
call() {
  attempt=1
  while :; do
    : > "$work/headers"
    : > "$work/answer"
    status=$(printf 'X-API-Key: %s\n' "$API_KEY" | curl -sS -m 40 -X "$1" "$API_URL$2" -H @- -D "$work/headers" -o "$work/answer" \
      -w '%{http_code}' ${3:+-H 'Content-Type: application/json' -d "$3"} ${4:+-H "Idempotency-Key: $4"}) || status=000
    case $status in
      2??) case $(head -c 1 "$work/answer") in '{') return ;; *) fail "no answer of the Triggers API: check API_URL" ;; esac ;;
      # A degraded service names what is wrong, and serves requests.
      503) if [ "$2" = /v1/health ] && grep -q '"serving":true' "$work/answer"; then return; fi ;;
      000 | 408 | 429 | 5??) ;;
      *) fail "$(explain)" ;;
    esac
    [ "$attempt" -lt "$attempts" ] || fail "gave up after $attempts attempts: $(explain)"
    sleep "$(pause "$attempt")"
    attempt=$((attempt + 1))
  done
}

# Seconds until the next attempt. Retry-After is the least wait; the random part keeps many clients from coming back all at once.
pause() {
  least=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]*\).*/\1/p' "$work/headers")
  awk -v attempt="$1" -v least="${least:-0}" -v seed="$(od -An -N3 -tu4 /dev/urandom)" \
    'BEGIN { srand(seed); most = 0.25 * 2 ^ (attempt - 1); print least + rand() * (most < 30 ? most : 30) }'
}

call GET /v1/health
echo "key good, service $(member status)"

event="{\"event_type\":\"$event_type\",\"payload\":{\"order_id\":\"1001\",\"amount\":99.99}}"
key="quick-start-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" # from your own ids in earnest: order-1001-created
call POST /v1/events "$event" "$key"
event_id=$(member event_id)
echo "sent $event_id"

call POST /v1/events "$event" "$key"
if [ "$(member event_id)" != "$event_id" ] || ! grep -q '"duplicate":true' "$work/answer"; then fail 'the same event was stored twice'; fi
echo "sent again $event_id: a duplicate, stored once"

call GET "/v1/inbox?limit=100&event_type=$event_type"
grep -q "\"event_id\":\"$event_id\"" "$work/answer" || fail 'the event is not in the inbox: does another program of yours empty it?'
echo "retrieved $event_id: $(grep -o "\"event_id\":\"$event_id\".*" "$work/answer" | grep -o '"payload":{[^}]*}' | head -n 1 | cut -d : -f 2-)"

call PATCH "/v1/events/$event_id/acknowledge"
echo "acknowledged $(member event_id)"
