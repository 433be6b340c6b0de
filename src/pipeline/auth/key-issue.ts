import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../../platform/schema.ts';
import type { SealedSecret, Vault } from '../../platform/vault/vault.ts';
import { generateKey, hashKey, type KeyClass, keyPrefix } from './key-format.ts';

/** The columns of a key that may be shown. */
export const shownKeyColumns = [
  'id',
  'key_prefix',
  'class',
  'scopes',
  'allowed_cidrs',
  'created_at',
  'expires_at',
  'revoked_at',
  'replaced_by',
  'last_used_at',
] as const;

export type ShownKey = Pick<Selectable<Database['api_keys']>, (typeof shownKeyColumns)[number]>;

export type KeySecrets = {
  /** The KEY_PEPPER of the servers; under another one they would not know the key. */
  pepper: string;
  /** Where the key can be read again; without one, `PreparedKey.key` is the only time that it is seen. */
  vault?: Vault;
};

/** A key that is not stored yet. */
export type PreparedKey = {
  key: string;
  id: number;
  partnerId: number;
  keyClass: KeyClass;
  hash: Buffer;
  sealed: SealedSecret | undefined;
};

export type KeySettings = {
  scopes: readonly string[];
  /** Null: it does not expire. */
  expiresAt: Date | null;
  /** Networks from which it may be used, as CIDR; null: from everywhere. */
  allowedCidrs?: readonly string[] | null;
};

const firstVersion = 1;

/**
 * Draws a key and its number and seals it: before a transaction is opened, because the vault may be a service elsewhere.
 * @throws VaultError `unavailable`.
 */
export async function prepareKey(
  db: Kysely<Database>,
  { pepper, vault }: KeySecrets,
  { partner, keyClass }: { partner: { id: number; slug: string }; keyClass: KeyClass },
): Promise<PreparedKey> {
  const key = generateKey(keyClass, partner.slug);
  const { rows } = await sql<{ id: number }>`SELECT nextval(pg_get_serial_sequence('api_keys', 'id'))::integer AS id`.execute(db);
  const { id } = rows[0] as { id: number };
  const sealed = await vault?.seal(key, { partnerId: partner.id, keyId: id, version: firstVersion });
  return { key, id, partnerId: partner.id, keyClass, hash: hashKey(pepper, key), sealed };
}

/** Stores a prepared key: its hash, and its sealed text where there is a vault. To be called in a transaction. */
export async function storeKey(db: Kysely<Database>, prepared: PreparedKey, settings: KeySettings): Promise<ShownKey> {
  const { key, id, partnerId, keyClass, hash, sealed } = prepared;
  const { rows } = await sql<ShownKey>`
    INSERT INTO api_keys (id, partner_id, key_hash, key_prefix, class, scopes, expires_at, allowed_cidrs) OVERRIDING SYSTEM VALUE
    VALUES (${id}, ${partnerId}, ${hash}, ${keyPrefix(key)}, ${keyClass}, ${[...settings.scopes]}, ${settings.expiresAt},
      ${settings.allowedCidrs ?? null}::cidr[])
    RETURNING ${sql.join(shownKeyColumns.map((column) => sql.ref(column)))}`.execute(db);
  if (sealed) {
    const { masterKey, wrappedDataKey, sealed: text } = sealed;
    await db
      .insertInto('vault_secrets')
      .values({
        key_id: id,
        partner_id: partnerId,
        version: firstVersion,
        master_key: masterKey,
        wrapped_data_key: wrappedDataKey,
        sealed: text,
      })
      .execute();
  }
  return rows[0] as ShownKey;
}
