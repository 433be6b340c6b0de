/** `info.description`, in Markdown: what holds for every operation, said once. */
export const introduction = `Three requests are the whole of it:

1. \`POST /v1/events\` stores an event. 200 means that it is on disk.
2. \`GET /v1/inbox\` gives what is not acknowledged yet, oldest first.
3. \`PATCH /v1/events/{id}/acknowledge\` takes an event out of the inbox, for good.

An event comes **at least once** until it is acknowledged, and never after. Everything else here is optional.

## Keys

Send your key as \`X-API-Key: sk_…\` or as \`Authorization: Bearer sk_…\`. Each operation names the scope that the key needs. Check a key with \`GET /v1/health\`: with a key, 200 means that it is good. A key can be bound to networks: from elsewhere it is answered 403 \`forbidden\`, and \`detail\` names the address that we saw.

## Errors

Every refusal and failure is \`application/problem+json\` (RFC 9457). Decide by \`code\`; \`retryable\` says whether the same request may succeed later; \`type\` leads to what to do. Log \`request_id\`: support finds the request by it.

- 429 and 503 always have \`Retry-After\` in seconds. Wait, then repeat the same request, with growing and randomised pauses.
- After a 5xx or a lost connection, repeat the request with the same \`Idempotency-Key\`: nothing is stored twice.
- A path that does not exist is 404 \`route_not_found\`. What cannot be read as HTTP at all is answered 400, 408 or 431 and the connection is closed.

## Limits

Two limits belong to each partner: requests at once (\`burst\`) and new events in a calendar month (\`monthly\`). Every answer to an accepted key says what is left in \`RateLimit\` and \`RateLimit-Policy\`, and in the older \`X-RateLimit-*\`. \`GET /v1/usage\` shows both, and every other limit of the API. Answers 401, 403 and 406 that come without these headers cost no token. The 10 long polls that may be open at a time are counted by each server process for itself.

## Formats

Bodies are JSON in UTF-8, nested at most 64 levels (in a batch, each event). Times are RFC 3339 in UTC with milliseconds. Ids are \`evt_\` and a UUIDv7, and never change. Answers may get new members: ignore those that you do not know.`;
