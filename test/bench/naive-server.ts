import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import { Redis } from 'ioredis';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { EventAccepted, EventBody } from '../../src/modules/ingestion/schema.ts';
import { registerValidation } from '../../src/pipeline/validation.ts';

/**
 * The service as it is usually written: one Redis script and one insert through the query builder for every request, in one table, pool of 10. It
 * does less than ours (no authentication, no inbox). Port in `PORT`, `DATABASE_URL` with a table `naive_events`, `REDIS_URL` if there is one.
 */
type Row = { partner_id: number; id: string; event_type: string; occurred_at: string; payload: string };

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const db = new Kysely<{ naive_events: Row }>({ dialect: new PostgresDialect({ pool }) });
const redis = process.env.REDIS_URL ? new Redis(process.env.REDIS_URL) : undefined;
const script = readFileSync(new URL('../../src/pipeline/limits/token-bucket.lua', import.meta.url), 'utf8');
redis?.defineCommand('takeToken', { numberOfKeys: 1, lua: script });
type Limiter = { takeToken(key: string, rate: number, burst: number, need: number): Promise<unknown> };

const app = Fastify();
registerValidation(app);
app.post<{ Body: EventBody }>('/v1/events', { schema: { body: EventBody, response: { 200: EventAccepted } } }, async (request) => {
  await (redis as unknown as Limiter | undefined)?.takeToken('naive:1', 1_000_000, 1_000_000, 1);
  const id = randomUUID();
  const now = new Date().toISOString();
  const { event_type, timestamp, payload } = request.body;
  await db
    .insertInto('naive_events')
    .values({ partner_id: 1, id, event_type, occurred_at: timestamp ?? now, payload: JSON.stringify(payload) })
    .execute();
  return { event_id: `evt_${id}`, status: 'accepted', duplicate: false, received_at: now, expires_at: now };
});

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
