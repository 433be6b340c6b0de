import { type Kysely, type Selectable, sql } from 'kysely';
import { isSlug, type KeyClass } from '../../pipeline/auth/key-format.ts';
import { insertKey, shownKeyColumns } from '../../pipeline/auth/key-issue.ts';
import { scopes as allScopes, type Scope } from '../../pipeline/auth/principal.ts';
import type { Database } from '../../platform/schema.ts';
import { PartnerError } from './errors.ts';
import { type Contacts, type IssuedKey, type KeyRecord, keyRecord, type PartnerRecord, partnerRecord } from './records.ts';

/**
 * The writes on partners and their keys, for the programs of administrators. Triggers of the tables tell every replica of each change, so a
 * revocation or suspension holds everywhere within a second of these functions' return.
 */
export type NewPartner = {
  /** Names the partner for ever: it is part of its keys. 2 to 24 lower-case letters and digits. */
  slug: string;
  /** The slug, unless given. */
  name?: string;
  contacts?: Partial<Contacts>;
  limits?: {
    ratePerSecond?: number;
    /** As many as `ratePerSecond`, unless given. */
    burst?: number;
    monthlyQuota?: number;
    retentionHours?: number;
  };
};

export type NewKey = {
  slug: string;
  keyClass?: KeyClass;
  scopes?: readonly Scope[];
  /** Null: it does not expire. */
  expiresAt?: Date | null;
};

/** @throws PartnerError `invalid_slug`, `slug_taken`; the database's error for a limit out of range. */
export async function createPartner(
  db: Kysely<Database>,
  { slug, name = slug, contacts = {}, limits = {} }: NewPartner,
): Promise<PartnerRecord> {
  if (!isSlug(slug)) throw new PartnerError('invalid_slug', `"${slug}" is not a slug: use 2 to 24 lower-case letters and digits`);
  const given = {
    slug,
    name,
    ...contacts,
    rate_limit_per_sec: limits.ratePerSecond,
    rate_limit_burst: limits.burst ?? limits.ratePerSecond,
    rate_limit_per_month: limits.monthlyQuota,
    retention_seconds: limits.retentionHours === undefined ? undefined : limits.retentionHours * 3600,
  };
  // The rest is left to the defaults of the table. `partner_id` is made of the row's own number, which is therefore drawn first.
  const columns = Object.entries(given).filter(([, value]) => value !== undefined);
  const { rows } = await sql<Selectable<Database['partners']>>`
    WITH drawn AS (SELECT nextval(pg_get_serial_sequence('partners', 'id'))::integer AS id)
    INSERT INTO partners (id, partner_id, ${sql.join(columns.map(([column]) => sql.ref(column)))})
    OVERRIDING SYSTEM VALUE
    SELECT id, 'beta_' || lpad(id::text, greatest(6, length(id::text)), '0'), ${sql.join(columns.map(([, value]) => value))} FROM drawn
    ON CONFLICT (slug) DO NOTHING
    RETURNING *`.execute(db);
  if (!rows[0]) throw new PartnerError('slug_taken', `a partner "${slug}" exists already`);
  return partnerRecord(rows[0]);
}

/** All partners, oldest first. */
export async function listPartners(db: Kysely<Database>): Promise<PartnerRecord[]> {
  const rows = await db.selectFrom('partners').selectAll().orderBy('id').execute();
  return rows.map(partnerRecord);
}

/** @throws PartnerError `unknown_partner`. */
export async function showPartner(db: Kysely<Database>, slug: string): Promise<PartnerRecord> {
  return partnerRecord(await findPartner(db, slug));
}

/** From now on every request of the partner is answered 403. Idempotent. @throws PartnerError `unknown_partner`. */
export function suspendPartner(db: Kysely<Database>, slug: string): Promise<PartnerRecord> {
  return setStatus(db, slug, 'suspended');
}

/** Ends a suspension. Idempotent. @throws PartnerError `unknown_partner`. */
export function resumePartner(db: Kysely<Database>, slug: string): Promise<PartnerRecord> {
  return setStatus(db, slug, 'active');
}

/**
 * Makes a key and stores its hash. The result is the only time that the key is seen.
 * @param pepper the KEY_PEPPER of the servers; under another one they would not know the key.
 * @throws PartnerError `unknown_partner`.
 */
export async function issueKey(db: Kysely<Database>, pepper: string, options: NewKey): Promise<IssuedKey> {
  const { slug, keyClass = 'beta', scopes = allScopes, expiresAt = null } = options;
  const partner = await findPartner(db, slug);
  const { key, row } = await insertKey(db, pepper, { partner, keyClass, scopes, expiresAt });
  return { api_key: key, ...keyRecord(row, slug, Date.now()) };
}

/** The keys of a partner, oldest first, also those that are no longer good. @throws PartnerError `unknown_partner`. */
export async function listKeys(db: Kysely<Database>, slug: string): Promise<KeyRecord[]> {
  const partner = await findPartner(db, slug);
  const rows = await db.selectFrom('api_keys').select(shownKeyColumns).where('partner_id', '=', partner.id).orderBy('id').execute();
  return rows.map((row) => keyRecord(row, slug, Date.now()));
}

/**
 * From now on the key is answered 401. Idempotent: the time of the first revocation stays.
 * @param name the number of the key, or its prefix as `listKeys` shows it.
 * @throws PartnerError `unknown_key`, `ambiguous_key`.
 */
export async function revokeKey(db: Kysely<Database>, name: string): Promise<KeyRecord> {
  const { id } = await findKeyByName(db, name);
  await db.updateTable('api_keys').set({ revoked_at: sql`now()` }).where('id', '=', id).where('revoked_at', 'is', null).execute();
  const { slug, ...row } = await db
    .selectFrom('api_keys')
    .innerJoin('partners', 'partners.id', 'api_keys.partner_id')
    .select(shownKeyColumns.map((column) => `api_keys.${column}` as const))
    .select('slug')
    .where('api_keys.id', '=', id)
    .executeTakeFirstOrThrow();
  return keyRecord(row, slug, Date.now());
}

/** The key of that number or prefix, so that it can be shown before it is revoked. @throws PartnerError `unknown_key`, `ambiguous_key`. */
export async function findKeyByName(db: Kysely<Database>, name: string): Promise<{ id: number; prefix: string }> {
  const isNumber = /^[1-9]\d{0,8}$/.test(name);
  const found = await db
    .selectFrom('api_keys')
    .select(['id', 'key_prefix as prefix'])
    .$if(isNumber, (query) => query.where('id', '=', Number(name)))
    .$if(!isNumber, (query) => query.where('key_prefix', '=', name))
    .execute();
  if (!found[0]) throw new PartnerError('unknown_key', `no key has the number or prefix "${name}"`);
  if (found.length > 1) throw new PartnerError('ambiguous_key', `${found.length} keys have the prefix "${name}": name one by its number`);
  return found[0];
}

async function findPartner(db: Kysely<Database>, slug: string): Promise<Selectable<Database['partners']>> {
  const row = await db.selectFrom('partners').selectAll().where('slug', '=', slug).executeTakeFirst();
  if (!row) throw new PartnerError('unknown_partner', `there is no partner "${slug}"`);
  return row;
}

async function setStatus(db: Kysely<Database>, slug: string, status: 'active' | 'suspended'): Promise<PartnerRecord> {
  const row = await db.updateTable('partners').set({ status }).where('slug', '=', slug).returningAll().executeTakeFirst();
  if (!row) throw new PartnerError('unknown_partner', `there is no partner "${slug}"`);
  return partnerRecord(row);
}
