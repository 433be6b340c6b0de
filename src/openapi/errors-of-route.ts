import { catalogue, type ErrorCode } from '../pipeline/errors/catalogue.ts';
import type { OperationDocs } from './operation-docs.ts';
import type { DocumentedRoute } from './route.ts';

/** Every code that a route can answer with, by status: those of its own, and those that its access, limit, body and parameters bring along. */
export function errorsOfRoute({ schema, config }: DocumentedRoute, docs: OperationDocs): Map<number, ErrorCode[]> {
  const codes: ErrorCode[] = [...(docs.errors ?? []), 'method_not_allowed'];
  const needsKey = config.access !== 'public';
  if (schema.querystring) codes.push('invalid_parameter');
  if (schema.body) {
    const isBatch = config.operation === 'postEventsBatch';
    codes.push(
      'invalid_json',
      'json_too_deep',
      'validation_failed',
      'unsupported_media_type',
      isBatch ? 'batch_too_large' : 'payload_too_large',
    );
  }
  if (needsKey) codes.push('not_acceptable', 'forbidden', 'internal', 'unavailable');
  // `rate_limited` also where there is no limit: an address that fails to authenticate too often is refused.
  if (needsKey || docs.optionalKey) codes.push('unauthenticated', 'partner_suspended', 'rate_limited');

  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of Object.keys(catalogue) as ErrorCode[]) {
    if (!codes.includes(code)) continue;
    const { status } = catalogue[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
}
