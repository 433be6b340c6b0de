/**
 * Every error that a partner can meet: the code is the contract, the rest is its public text. `advice` says what to do and becomes
 * the documentation page that `type` links to. Internal causes go into `cause`, never into these texts.
 */
export const catalogue = {
  invalid_json: entry(400, 'The body is not JSON', 'Send UTF-8 JSON without a byte-order mark; check commas, quotes and brackets.'),
  validation_failed: entry(
    400,
    'The body does not have the documented shape',
    'Read `errors`: each has a JSON pointer to the member and what it must be.',
  ),
  invalid_parameter: entry(400, 'A query or path parameter is not valid', 'Read `errors`: each names the parameter and what it must be.'),
  invalid_cursor: entry(
    400,
    'The cursor is not one of ours',
    'Send `next_cursor` back unchanged, with the same key and filters, or start without a cursor.',
  ),
  empty_batch: entry(400, 'The batch has no events', 'Send at least one event.'),
  batch_too_many: entry(400, 'The batch has too many items', 'Send at most 500 items in one request.'),
  duplicate_event_in_request: entry(400, 'The same event is named twice', 'Name each event once in a request.'),
  idempotency_key_invalid: entry(
    400,
    'The idempotency key is not valid',
    'Use 1 to 255 printable ASCII characters, bare or in double quotes.',
  ),
  idempotency_key_mismatch: entry(
    400,
    'Two different idempotency keys',
    'Send the key in the header or in the body, or the same key in both.',
  ),
  unknown_field: entry(
    400,
    'The body has a member that this command does not know',
    'Check the spelling; commands refuse what they would otherwise ignore.',
  ),
  unsupported_specversion: entry(400, 'The CloudEvents version is not supported', 'Send CloudEvents with `specversion` 1.0.'),
  json_too_deep: entry(400, 'The JSON is nested too deeply', 'Nest at most 64 levels.'),
  unauthenticated: entry(401, 'No valid API key', 'Send a valid, unexpired key in `X-API-Key` or as `Authorization: Bearer`.'),
  forbidden: entry(
    403,
    'The key may not do this',
    'Read `detail`: it names the scope that the key lacks, the address from which it may not be used, or what else forbids it.',
  ),
  partner_suspended: entry(403, 'The partner is suspended', 'Contact support; the key itself is valid.'),
  event_not_found: entry(404, 'No such event', 'Check the id; the event may have expired, or belong to another partner.'),
  job_not_found: entry(404, 'No such job', 'Check the id; finished jobs are kept for seven days.'),
  route_not_found: entry(404, 'No such route', 'Check the method and path against the API reference at /docs.'),
  method_not_allowed: entry(405, 'The method is not allowed here', 'Use a method named in the `Allow` header.'),
  not_acceptable: entry(406, 'No representation fits the Accept header', 'Accept `application/json`.'),
  lease_lost: entry(
    409,
    'The lease token is not the latest of this event',
    'Drop the work: the event was handed out again, or is a dead letter. Its newer holder settles it.',
  ),
  lease_limit: entry(409, 'The lease has reached 12 hours', 'Settle the event, or release it and receive it again.'),
  event_not_leased: entry(409, 'The event was never leased', 'Receive the event first, and send the `lease_token` that comes with it.'),
  job_in_progress: entry(409, 'Another redrive or replay is running', 'Wait until the job named in `job_id` has finished.'),
  payload_expunged: entry(409, 'The payload was expunged', 'Nothing is left to deliver; send the event again if it is needed.'),
  payload_too_large: entry(
    413,
    'The body is too large',
    'Send at most 256 KiB as an event and 64 KiB as a command; store large data elsewhere and send its address.',
  ),
  batch_too_large: entry(413, 'The batch is too large', 'Send at most 4 MiB in one request.'),
  unsupported_media_type: entry(415, 'The content type is not supported', 'Send `Content-Type: application/json`.'),
  idempotency_key_reused: entry(
    422,
    'The idempotency key was used for another event',
    'Use a new key for new content; `original_event_id` is the event that has this one.',
  ),
  rate_limited: entry(429, 'Too many requests', 'Wait for `Retry-After` seconds, then retry with back-off.', true),
  quota_exceeded: entry(429, 'The monthly quota is used up', 'Wait for the new month, or ask for a larger quota.', true),
  too_many_waits: entry(429, 'Too many long polls at once', 'Keep at most 10 requests with `wait` open at a time.', true),
  too_many_leases: entry(429, 'Too many leases at once', 'Settle or release some of the 10,000 leases that are open.', true),
  internal: entry(
    500,
    'Something went wrong on our side',
    'Retry with the same idempotency key; tell support the `request_id` if it stays.',
    true,
  ),
  unavailable: entry(503, 'The service cannot take this now', 'Retry after `Retry-After` seconds with the same idempotency key.', true),
} satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;

export type CatalogueEntry = { status: number; title: string; advice: string; retryable: boolean };

function entry(status: number, title: string, advice: string, retryable = false): CatalogueEntry {
  return { status, title, advice, retryable };
}

/** One wrong member of a request: `pointer` is a JSON pointer into the body, or the name of a parameter. */
export type FieldError = { pointer: string; code: string; detail: string };

export type ApiErrorOptions = {
  /** What was wrong with this request, and what to do. Public. */
  detail?: string;
  errors?: FieldError[];
  /** Whole seconds; becomes `Retry-After`. Every 429 and 503 has one. */
  retryAfterSeconds?: number;
  headers?: Record<string, string>;
  /** Members added to the problem document, such as `original_event_id`. */
  members?: Record<string, unknown>;
  /** The internal reason. Logged, never sent. */
  cause?: unknown;
};

/** The only error that routes and hooks throw. Everything else that reaches the handler is answered as `internal`. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: ErrorCode;
  readonly options: ApiErrorOptions;

  constructor(code: ErrorCode, options: ApiErrorOptions = {}) {
    super(options.detail ?? catalogue[code].title, { cause: options.cause });
    this.code = code;
    this.options = options;
  }

  get statusCode(): number {
    return catalogue[this.code].status;
  }
}
