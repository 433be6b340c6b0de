import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../../platform/schema.ts';
import { generateKey, hashKey, type KeyClass, keyPrefix } from './key-format.ts';

export type KeyOptions = {
  partner: { id: number; slug: string };
  keyClass: KeyClass;
  scopes: readonly string[];
  /** Null: it does not expire. */
  expiresAt: Date | null;
};

/** The columns of a key that may be shown. */
export const shownKeyColumns = ['id', 'key_prefix', 'class', 'scopes', 'created_at', 'expires_at', 'revoked_at'] as const;

export type ShownKey = Pick<Selectable<Database['api_keys']>, (typeof shownKeyColumns)[number]>;

/** Makes a key and stores its hash. The result is the only time that the key is seen. `pepper`: the KEY_PEPPER of the servers. */
export async function insertKey(
  db: Kysely<Database>,
  pepper: string,
  { partner, keyClass, scopes, expiresAt }: KeyOptions,
): Promise<{ key: string; row: ShownKey }> {
  const key = generateKey(keyClass, partner.slug);
  const row = await db
    .insertInto('api_keys')
    .values({
      partner_id: partner.id,
      key_hash: hashKey(pepper, key),
      key_prefix: keyPrefix(key),
      class: keyClass,
      scopes: [...scopes],
      expires_at: expiresAt,
    })
    .returning(shownKeyColumns)
    .executeTakeFirstOrThrow();
  return { key, row };
}
