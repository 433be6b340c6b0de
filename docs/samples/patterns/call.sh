# What the patterns beside this file share: one request that survives a bad network. Needs curl 7.55 or newer.
set -eu
export LC_ALL=C
if [ -z "${API_URL:-}" ] || [ -z "${API_KEY:-}" ]; then
  echo 'Set API_URL and API_KEY.' >&2
  exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
attempts=8 # 0: for programs that wait out any trouble

# The first text member of that name in the answer. For more than that use jq.
member() {
  grep -o "\"$1\":\"[^\"]*" "$work/answer" | head -n 1 | cut -d '"' -f 4
}

# call METHOD PATH [BODY] leaves the answer in $work/answer and its status in $status. A lost connection, 408, 429 and 5xx are tried again,
# later each time. False when that did not help, or would not. The key goes to curl through a pipe, so that no list of processes shows it.
call() {
  attempt=1
  last=$attempts
  printf '%s' "${3:-}" > "$work/body"
  while :; do
    : > "$work/headers"
    : > "$work/answer"
    status=$(printf 'X-API-Key: %s\n' "$API_KEY" | curl -sS -m 40 -X "$1" "${API_URL%/}$2" -H @- -D "$work/headers" -o "$work/answer" \
      -w '%{http_code}' ${3:+-H 'Content-Type: application/json' --data-binary @"$work/body"}) || status=000
    case $status in
      2??) case $(head -c 1 "$work/answer") in '{') return 0 ;; *) last=$attempt ;; esac ;; # from something between us and the API
      000 | 408 | 429 | 5??) echo "attempt $attempt: $status" >&2 ;;
      *) last=$attempt ;;
    esac
    if [ "$attempt" -eq "$last" ]; then
      [ "$status" = 000 ] || echo "$status $(cat "$work/answer")" >&2
      return 1
    fi
    # Retry-After is the least wait. The random part keeps many clients from coming back all at once.
    least=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]*\).*/\1/p' "$work/headers")
    sleep "$(awk -v attempt="$attempt" -v least="${least:-0}" -v seed="$(od -An -N3 -tu4 /dev/urandom)" \
      'BEGIN { srand(seed); most = 0.25 * 2 ^ (attempt - 1); print least + rand() * (most < 30 ? most : 30) }')"
    attempt=$((attempt + 1))
  done
}
