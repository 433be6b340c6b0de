import { type Kysely, sql } from 'kysely';
import { isGoodKey } from '../../pipeline/auth/good-keys.ts';
import type { Database } from '../../platform/schema.ts';

/** A partner that could be onboarded. */
export type Candidate = {
  id: number;
  slug: string;
  status: 'active' | 'suspended';
  slack_channel: string | null;
  /** The key for its mail: the youngest that is active, of class beta or live if there is one. */
  key: { id: number; prefix: string; class: 'beta' | 'test' | 'live' } | undefined;
};

/** The partners of these slugs, or all, oldest first. */
export async function findCandidates(db: Kysely<Database>, slugs: readonly string[] | undefined, nowMs: number): Promise<Candidate[]> {
  const { rows } = await sql<Omit<Candidate, 'key'> & { key_id: number | null; key_prefix: string; class: 'beta' | 'test' | 'live' }>`
    SELECT partners.id, slug, status, slack_channel, chosen.id AS key_id, key_prefix, class
    FROM partners
    LEFT JOIN LATERAL (
      SELECT id, key_prefix, class FROM api_keys
      WHERE partner_id = partners.id AND ${isGoodKey(nowMs)}
      ORDER BY class IN ('beta', 'live') DESC, id DESC
      LIMIT 1) AS chosen ON true
    WHERE ${slugs ?? null}::text[] IS NULL OR slug = ANY (${slugs ?? null}::text[])
    ORDER BY partners.id`.execute(db);
  return rows.map(({ key_id, key_prefix, class: keyClass, ...partner }) => ({
    ...partner,
    key: key_id === null ? undefined : { id: key_id, prefix: key_prefix, class: keyClass },
  }));
}

/** A key with which a mail can be written. */
export type MailedKey = { id: number; prefix: string; expiresAt: Date | null; isActive: boolean };

export async function findMailedKey(db: Kysely<Database>, partnerId: number, keyId: number, nowMs: number): Promise<MailedKey | undefined> {
  const row = await db
    .selectFrom('api_keys')
    .select(['id', 'key_prefix', 'expires_at', isGoodKey(nowMs).as('isActive')])
    .where('id', '=', keyId)
    .where('partner_id', '=', partnerId)
    .executeTakeFirst();
  return row && { id: row.id, prefix: row.key_prefix, expiresAt: row.expires_at, isActive: Boolean(row.isActive) };
}
