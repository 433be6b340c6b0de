import { type RawBuilder, type SqlBool, sql } from 'kysely';

/** Of a query on `api_keys`: the key is neither revoked nor at its end. `now` in milliseconds. A suspended partner's keys are good, too. */
export function isGoodKey(now: number): RawBuilder<SqlBool> {
  return sql<SqlBool>`(api_keys.revoked_at IS NULL AND (api_keys.expires_at IS NULL OR api_keys.expires_at > ${new Date(now)}))`;
}
