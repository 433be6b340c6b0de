import type { Kysely } from 'kysely';
import type { Database } from '../../platform/schema.ts';
import { readSecrets, type StoredSecret } from './store.ts';

export type WalkOptions = {
  /** Only secrets that are not under this master key. */
  notUnder?: string;
  /** Ends the walk after the secrets under way, if more are left, with the signal's reason. */
  signal?: AbortSignal;
};

/** Secrets in one portion, and how many of them are with KMS at once. */
const portion = { secrets: 200, atOnce: 8 };

/** Visits every secret, by the number of its key, several at a time. @throws what `visit` throws, and the reason of `signal`. */
export async function walkSecrets(
  db: Kysely<Database>,
  { notUnder, signal }: WalkOptions,
  visit: (secret: StoredSecret) => Promise<void>,
): Promise<void> {
  for (let after = 0; ; ) {
    const secrets = await readSecrets(db, { after, limit: portion.secrets, notUnder });
    const last = secrets.at(-1);
    if (!last) return;
    after = last.keyId;
    const visitors = Array.from({ length: portion.atOnce }, async () => {
      while (!signal?.aborted) {
        const secret = secrets.pop();
        if (!secret) return;
        await visit(secret);
      }
    });
    await Promise.all(visitors);
    if (secrets.length > 0) signal?.throwIfAborted();
  }
}
