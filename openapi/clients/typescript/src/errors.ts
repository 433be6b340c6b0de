import type { BatchSummary } from './batch.ts';

/** One wrong member of a request: `pointer` is a JSON pointer into the body, or the name of a parameter. */
export type FieldError = { pointer: string; code: string; detail: string };

export type TriggersErrorDetails = {
  /** Of the answer; undefined when there was none. */
  status?: number | undefined;
  /** What went wrong, for programs: a `code` of the API, or one of the client's own. */
  code: string;
  /** What went wrong, for people. */
  detail: string;
  /** Names the request in our logs; send it when you ask us. */
  requestId?: string | undefined;
  /** Whether the same call may succeed later. */
  retryable?: boolean;
  errors?: FieldError[] | undefined;
  /** Milliseconds: the least time after which to try again, as the answer has it. */
  retryAfterMs?: number | undefined;
  /** The whole problem document; some codes have members of their own, such as `original_event_id`. */
  problem?: Record<string, unknown> | undefined;
  cause?: unknown;
};

/** Every error of this client but two: a wrong argument is a TypeError, and an aborted call rejects with the reason of its signal. */
export class TriggersError extends Error {
  readonly status: number | undefined;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string | undefined;
  readonly retryable: boolean;
  readonly errors: FieldError[];
  readonly retryAfterMs: number | undefined;
  readonly problem: Record<string, unknown>;
  /** How often the request was sent. */
  attempts = 1;
  /** Of `sendBatch`: what became of each event that was taken from the source. What was not sent any more has failed with the code `not_sent`. */
  declare batch?: BatchSummary;

  constructor(details: TriggersErrorDetails) {
    const { status, code, detail, requestId } = details;
    const facts = [code, status, requestId && `request ${requestId}`].filter((fact) => fact !== undefined && fact !== '');
    super(`${detail} (${facts.join(', ')})`, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.requestId = requestId;
    this.retryable = details.retryable ?? false;
    this.errors = details.errors ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.problem = details.problem ?? {};
  }

  /** As it is written here: a bundler may give the class itself another name. */
  override get name(): string {
    return 'TriggersError';
  }
}

/** 401: the key is missing, wrong, expired or revoked. */
export class AuthenticationError extends TriggersError {
  override get name(): string {
    return 'AuthenticationError';
  }
}
/** 403: the key may not do this, or the partner is suspended. */
export class PermissionDeniedError extends TriggersError {
  override get name(): string {
    return 'PermissionDeniedError';
  }
}
/** 404: there is no such event, dead letter or job; or it has expired. */
export class NotFoundError extends TriggersError {
  override get name(): string {
    return 'NotFoundError';
  }
}
/** 400, 413, 415 and 422: the request itself is wrong; `errors` says where. */
export class ValidationError extends TriggersError {
  override get name(): string {
    return 'ValidationError';
  }
}
/** 409: what was asked for does not fit the state of things. */
export class ConflictError extends TriggersError {
  override get name(): string {
    return 'ConflictError';
  }
}
/** 409 `lease_lost`: another worker has the event now, or it is settled. */
export class LeaseLostError extends ConflictError {
  override get name(): string {
    return 'LeaseLostError';
  }
}
/** 429: too much at once, or the monthly quota is used up. */
export class RateLimitError extends TriggersError {
  override get name(): string {
    return 'RateLimitError';
  }

  /** Seconds to wait at least. */
  get retryAfterSeconds(): number | undefined {
    return this.retryAfterMs === undefined ? undefined : Math.ceil(this.retryAfterMs / 1000);
  }
}
/** 5xx: the fault is on our side. */
export class ServerError extends TriggersError {
  override get name(): string {
    return 'ServerError';
  }
}
/** There was no answer: no connection, or it broke. Whether the request was carried out is not known. */
export class ConnectionError extends TriggersError {
  override get name(): string {
    return 'ConnectionError';
  }
}
/** There was no answer in time. */
export class TimeoutError extends ConnectionError {
  override get name(): string {
    return 'TimeoutError';
  }
}

/** The error of an answer. */
export function answeredError(details: TriggersErrorDetails & { status: number }): TriggersError {
  const { status, code } = details;
  if (status === 401) return new AuthenticationError(details);
  if (status === 403) return new PermissionDeniedError(details);
  if (status === 404) return new NotFoundError(details);
  if (status === 409) return code === 'lease_lost' ? new LeaseLostError(details) : new ConflictError(details);
  if (status === 429) return new RateLimitError(details);
  if (status >= 500) return new ServerError(details);
  if ([400, 413, 415, 422].includes(status)) return new ValidationError(details);
  return new TriggersError(details);
}
