import { PermissionDeniedError, TriggersError } from '@triggers-api/client';

/** The scope that a key lacks for a call, when that is why it was refused. */
export function missingScope(error: unknown): string | undefined {
  if (!(error instanceof PermissionDeniedError)) return undefined;
  return /lacks the scope ([a-z:]+)/.exec(error.detail)?.[1];
}

/** Whether waiting may mend it. A used-up quota comes back with the month, but reading does not need it. */
export function isPassing(error: unknown): boolean {
  return error instanceof TriggersError && error.retryable;
}
