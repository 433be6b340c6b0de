import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { unauthenticated } from '../../pipeline/auth/authenticator.ts';
import type { KeySecrets } from '../../pipeline/auth/key-issue.ts';
import { partnerActor } from '../../pipeline/auth/partner-actor.ts';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import type { Clock } from '../../platform/clock.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { Database } from '../../platform/schema.ts';
import { VaultError } from '../../platform/vault/vault.ts';
import { defaultGraceSeconds, RotateBody, RotatedKey } from './schema.ts';
import { maxGoodKeys, rotateKey } from './store.ts';

export type KeysOptions = {
  db: Kysely<Database>;
  secrets: KeySecrets;
  clock: Clock;
  /** Forgets what this process has cached of the partner, so that the old key's end holds here at once. */
  forgetPartner(partnerId: number): void;
};

/** What a partner does with its keys by itself. */
export async function keys(app: FastifyInstance, { db, secrets, clock, forgetPartner }: KeysOptions): Promise<void> {
  app.post(
    '/v1/keys/rotate',
    {
      schema: { body: RotateBody, response: { 200: RotatedKey } },
      config: { operation: 'rotateKey', access: 'account:write', limit: true },
    },
    async (request: FastifyRequest<{ Body: RotateBody | undefined }>, reply) => {
      const { partnerId, keyId } = request.principal;
      const graceMs = (request.body?.grace_seconds ?? defaultGraceSeconds) * 1000;
      const rotation = await rotateKey(db, secrets, { keyId, graceMs, now: clock() }, partnerActor(request)).catch((cause) => {
        // Nothing has changed: the same request again is all that is needed.
        throw cause instanceof VaultError ? new ApiError('unavailable', { retryAfterSeconds: 5, cause }) : cause;
      });
      if (rotation === 'ended') throw unauthenticated();
      if (rotation === 'replaced') {
        throw new ApiError('forbidden', {
          detail: 'The key was rotated before; rotate the one that came in its place, or ask support for a new one.',
        });
      }
      if (rotation === 'too_many') {
        throw new ApiError('forbidden', {
          detail: `${maxGoodKeys} keys are good at once already: wait until one of them ends, or rotate with grace_seconds 0.`,
        });
      }
      forgetPartner(partnerId);
      const { key, row, oldValidUntil } = rotation;
      return reply.header('cache-control', 'no-store').send({
        api_key: key,
        key_id: row.id,
        key_prefix: row.key_prefix,
        expires_at: row.expires_at && formatTime(row.expires_at.getTime()),
        old_key: { key_id: keyId, valid_until: formatTime(oldValidUntil.getTime()) },
      });
    },
  );
}
