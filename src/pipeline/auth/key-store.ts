import { timingSafeEqual } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Database } from '../../platform/schema.ts';
import { hashKey } from './key-format.ts';
import { Networks } from './networks.ts';
import type { Principal, Scope } from './principal.ts';

/** Why a well-formed key is not accepted. The caller is never told which. */
export type Refusal = 'unknown' | 'revoked' | 'expired';

/** What the database says about a key: whose it is, or why it is refused. A suspended partner's key is valid, but good for nothing. */
export type KeyState = { principal: Principal; suspended: boolean } | { refused: Refusal };

/**
 * Looks a key up by its hash.
 * @param nowMs milliseconds since the epoch, to judge the expiry by.
 * @throws the driver's error when the database does not answer.
 */
export async function findKey(db: Kysely<Database>, pepper: string, key: string, nowMs: number): Promise<KeyState> {
  const hash = hashKey(pepper, key);
  const row = await db
    .selectFrom('api_keys')
    .innerJoin('partners', 'partners.id', 'api_keys.partner_id')
    .select(['api_keys.id as key_id', 'key_hash', 'key_prefix', 'scopes', 'allowed_cidrs', 'expires_at', 'revoked_at'])
    .select(['partners.id as partner_id', 'slug', 'status', 'retention_seconds', 'expired_through', 'max_deliveries'])
    .select(['rate_limit_per_sec', 'rate_limit_burst', 'rate_limit_per_month'])
    .where('key_hash', '=', hash)
    .executeTakeFirst();
  if (!row || !timingSafeEqual(row.key_hash, hash)) return { refused: 'unknown' };
  if (row.revoked_at) return { refused: 'revoked' };
  if (row.expires_at && row.expires_at.getTime() <= nowMs) return { refused: 'expired' };
  return {
    suspended: row.status !== 'active',
    principal: {
      partnerId: row.partner_id,
      slug: row.slug,
      keyId: row.key_id,
      keyPrefix: row.key_prefix,
      scopes: new Set(row.scopes as Scope[]),
      networks: row.allowed_cidrs && new Networks(row.allowed_cidrs),
      expiresAtMs: row.expires_at ? row.expires_at.getTime() : null,
      ratePerSecond: row.rate_limit_per_sec,
      burst: row.rate_limit_burst,
      monthlyQuota: Number(row.rate_limit_per_month),
      retentionMs: row.retention_seconds * 1000,
      maxDeliveries: row.max_deliveries,
      expiredThroughMs: row.expired_through.getTime(),
    },
  };
}
