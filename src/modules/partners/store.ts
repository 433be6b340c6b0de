import { type Kysely, type Selectable, sql } from 'kysely';
import { isGoodKey } from '../../pipeline/auth/good-keys.ts';
import { isSlug, type KeyClass } from '../../pipeline/auth/key-format.ts';
import { type KeySecrets, prepareKey, shownKeyColumns, storeKey } from '../../pipeline/auth/key-issue.ts';
import { scopes as allScopes, type Scope } from '../../pipeline/auth/principal.ts';
import { type Actor, audited } from '../../platform/audit.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { Database } from '../../platform/schema.ts';
import { PartnerError } from './errors.ts';
import { drawPartner, insertPartner } from './new-partner.ts';
import { type PartnerFields, updatePartner } from './partner-fields.ts';
import { type IssuedKey, type KeyRecord, keyRecord, type ListedPartner, type PartnerRecord, partnerRecord } from './records.ts';

/**
 * The writes on partners and their keys, for the programs of administrators. Triggers of the tables tell every replica of each change, so a
 * revocation or suspension holds everywhere within a second of these functions' return; other triggers write it to the audit log, with the
 * actor of the transaction (`audited`).
 */
export type NewPartner = {
  /** Names the partner for ever: it is part of its keys. 2 to 24 lower-case letters and digits. */
  slug: string;
  /** Such as `beta_000001`; made of the row's number, unless given. */
  partnerId?: string;
  /** The slug for a name, the rate for a burst, and the table's defaults for the rest, unless given. */
  fields?: Partial<PartnerFields>;
};

export type NewKey = {
  slug: string;
  keyClass?: KeyClass;
  scopes?: readonly Scope[];
  /** Null: it does not expire. */
  expiresAt?: Date | null;
  /** Networks from which it may be used, as CIDR; null: from everywhere. */
  allowedCidrs?: readonly string[] | null;
};

/** What can be changed of a key. A member that is not there stays. */
export type KeyChange = Partial<Pick<NewKey, 'scopes' | 'expiresAt' | 'allowedCidrs'>>;

/** @throws PartnerError `invalid_slug`, `slug_taken`, `partner_id_taken`; the database's error for a limit out of range. */
export async function createPartner(db: Kysely<Database>, { slug, partnerId, fields = {} }: NewPartner): Promise<PartnerRecord> {
  if (!isSlug(slug)) throw new PartnerError('invalid_slug', `"${slug}" is not a slug: use 2 to 24 lower-case letters and digits`);
  const drawn = await drawPartner(db, new Set());
  const row = await insertPartner(db, { ...drawn, ...(partnerId !== undefined && { partnerId }) }, { slug, fields });
  if (row) return partnerRecord(row);
  const isSlugTaken = await db.selectFrom('partners').select('id').where('slug', '=', slug).executeTakeFirst();
  if (isSlugTaken) throw new PartnerError('slug_taken', `a partner "${slug}" exists already`);
  throw new PartnerError('partner_id_taken', `another partner has the id "${partnerId ?? drawn.partnerId}" already`);
}

/**
 * Changes what is given; a burst follows the rate as long as the two were the same. `now` in milliseconds.
 * @throws PartnerError `unknown_partner`; the database's error for a limit out of range.
 */
export async function changePartner(
  db: Kysely<Database>,
  slug: string,
  fields: Partial<PartnerFields>,
  now: number,
): Promise<PartnerRecord> {
  const { id, rate_limit_per_sec: rate, rate_limit_burst: burst } = await findPartner(db, slug);
  const follows = rate === burst && fields.rate_limit_per_sec !== undefined && { rate_limit_burst: fields.rate_limit_per_sec };
  return partnerRecord(await updatePartner(db, id, { ...follows, ...fields }, now));
}

/** All partners, oldest first, each with its newest good key. */
export async function listPartners(db: Kysely<Database>): Promise<ListedPartner[]> {
  const rows = await db
    .selectFrom('partners')
    .leftJoinLateral(
      (query) =>
        query
          .selectFrom('api_keys')
          .select(['key_prefix', 'expires_at'])
          .whereRef('partner_id', '=', 'partners.id')
          .where(isGoodKey(Date.now()))
          .orderBy('id', 'desc')
          .limit(1)
          .as('newest'),
      (join) => join.onTrue(),
    )
    .selectAll('partners')
    .select(['newest.key_prefix', 'newest.expires_at'])
    .orderBy('partners.id')
    .execute();
  return rows.map((row) => ({
    ...partnerRecord(row),
    key_prefix: row.key_prefix,
    expires_at: row.expires_at && formatTime(row.expires_at.getTime()),
  }));
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
 * Makes a key and stores its hash and, where there is a vault, its sealed text. Without a vault the result is the only time that the key is seen.
 * @throws PartnerError `unknown_partner`; VaultError.
 */
export async function issueKey(db: Kysely<Database>, secrets: KeySecrets, options: NewKey, actor?: Actor): Promise<IssuedKey> {
  const { slug, keyClass = 'beta', scopes = allScopes, expiresAt = null, allowedCidrs = null } = options;
  const partner = await findPartner(db, slug);
  const prepared = await prepareKey(db, secrets, { partner, keyClass });
  const row = await audited(db, actor, (transaction) => storeKey(transaction, prepared, { scopes, expiresAt, allowedCidrs }));
  return { api_key: prepared.key, ...keyRecord(row, slug, Date.now()) };
}

/** The keys of a partner, oldest first, also those that are no longer good. @throws PartnerError `unknown_partner`. */
export async function listKeys(db: Kysely<Database>, slug: string): Promise<KeyRecord[]> {
  const partner = await findPartner(db, slug);
  const rows = await db.selectFrom('api_keys').select(shownKeyColumns).where('partner_id', '=', partner.id).orderBy('id').execute();
  return rows.map((row) => keyRecord(row, slug, Date.now()));
}

/**
 * From now on the key is answered 401, and its text is taken out of the vault. Idempotent: the time of the first revocation stays.
 * @param name the number of the key, or its prefix as `listKeys` shows it.
 * @throws PartnerError `unknown_key`, `ambiguous_key`.
 */
export async function revokeKey(db: Kysely<Database>, name: string): Promise<KeyRecord> {
  const { id } = await findKeyByName(db, name);
  await db
    .with('gone', (query) => query.deleteFrom('vault_secrets').where('key_id', '=', id))
    .updateTable('api_keys')
    .set({ revoked_at: sql`now()` })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute();
  return showKey(db, id);
}

/**
 * Changes what a key may do, from where, and until when; in force on every replica within a second.
 * @throws PartnerError `unknown_key`, `ambiguous_key`, `revoked_key`.
 */
export async function changeKey(db: Kysely<Database>, name: string, change: KeyChange): Promise<KeyRecord> {
  const { id } = await findKeyByName(db, name);
  const { scopes, expiresAt, allowedCidrs } = change;
  const { numUpdatedRows } = await db
    .updateTable('api_keys')
    .set({
      ...(scopes && { scopes: [...scopes] }),
      ...(expiresAt !== undefined && { expires_at: expiresAt }),
      ...(allowedCidrs !== undefined && { allowed_cidrs: sql<string[]>`${allowedCidrs}::cidr[]` }),
    })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new PartnerError('revoked_key', `the key ${id} is revoked, which cannot be undone: issue another`);
  return showKey(db, id);
}

/** @throws PartnerError `unknown_key`, `ambiguous_key`. */
export async function findKeyRecord(db: Kysely<Database>, name: string): Promise<KeyRecord> {
  return showKey(db, (await findKeyByName(db, name)).id);
}

/** The key of that number or prefix. @throws PartnerError `unknown_key`, `ambiguous_key`. */
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

async function showKey(db: Kysely<Database>, id: number): Promise<KeyRecord> {
  const { slug, ...row } = await db
    .selectFrom('api_keys')
    .innerJoin('partners', 'partners.id', 'api_keys.partner_id')
    .select(shownKeyColumns.map((column) => `api_keys.${column}` as const))
    .select('slug')
    .where('api_keys.id', '=', id)
    .executeTakeFirstOrThrow();
  return keyRecord(row, slug, Date.now());
}
