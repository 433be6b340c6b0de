import { createHmac } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import pg from 'pg';
import type { Test } from 'tap';
import { buildApp } from '../../src/app.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { generateKey } from '../../src/pipeline/auth/key-format.ts';
import { scopes } from '../../src/pipeline/auth/principal.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createTestDatabase } from './database.ts';

export const testPepper = 'a pepper for tests only, 40 characters..';

export type TestPartner = { id: number; slug: string; key: string };

export type TestPartnerOptions = {
  slug?: string;
  /** Tokens a second and in the bucket; by default so many that no test meets the limit by chance. */
  rate?: number;
  burst?: number;
  monthlyQuota?: number;
  retentionSeconds?: number;
  scopes?: string[];
};

export type TestApp = {
  app: FastifyInstance;
  /** Where it listens, without a slash at the end. */
  url: string;
  databaseUrl: string;
  /** A clock that tests may move or stop: requests see `stoppedAtMs`, or else `Date.now()` plus `shiftMs`. */
  clock: { shiftMs: number; stoppedAtMs?: number };
  /** A client of the database, for looking behind the API. */
  db: pg.Client;
  /** Everything the server has logged, at level trace. */
  logs: string[];
  addPartner(options?: TestPartnerOptions): Promise<TestPartner>;
  /** One request; `body` objects are sent as JSON, strings and buffers as they are. Answers with status, headers and the text of the body. */
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
};

export type RequestOptions = { key?: string; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal };
// biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape.
export type Answer = { status: number; headers: Headers; text: string; json: any };

type Teardown = Pick<Test, 'teardown'>;

/**
 * The real application, listening, on a database of its own; closed when `t` ends. Then everything it logged is searched for the keys that
 * were made: a key in a log fails the test.
 */
export async function startTestApp(t: Teardown, overrides: Partial<Config> & { databaseUrl?: string } = {}): Promise<TestApp> {
  const { databaseUrl = await createTestDatabase(t), ...config } = overrides;
  const clock: TestApp['clock'] = { shiftMs: 0 };
  const logs: string[] = [];
  const secrets: string[] = [testPepper];
  const app = await buildApp({
    config: {
      ...loadConfig({ NODE_ENV: 'test', HOST: '127.0.0.1', DATABASE_URL: databaseUrl, KEY_PEPPER: testPepper, LOG_LEVEL: 'trace' }),
      OVERLOAD_LATENESS_MS: 60_000, // a busy test machine is no overload
      ...config,
    },
    clock: () => clock.stoppedAtMs ?? systemClock() + clock.shiftMs,
    logStream: { write: (line: string) => void logs.push(line) },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const db = new pg.Client({ connectionString: databaseUrl });
  db.on('error', () => {}); // the database is dropped under it at the end, or killed by the test
  await db.connect();
  t.teardown(async () => {
    await app.close();
    await db.end().catch(() => {});
    const leaked = logs.filter((line) => secrets.some((secret) => line.includes(secret)));
    if (leaked.length > 0) throw new Error(`${leaked.length} log lines hold a secret`);
  });
  let partners = 0;
  return {
    app,
    url,
    databaseUrl,
    clock,
    db,
    logs,
    async addPartner(options = {}) {
      partners += 1;
      const partner = await insertPartner(db, { slug: `partner${partners}`, ...options });
      secrets.push(partner.key);
      return partner;
    },
    request: (method, path, options) => request(url, method, path, options),
  };
}

/** A partner with a key, written straight into the database: a test of the API shall not depend on the admin's commands. */
export async function insertPartner(db: pg.Client, options: TestPartnerOptions & { slug: string }): Promise<TestPartner> {
  const { slug, rate = 1_000_000, burst = rate, monthlyQuota = 1_000_000_000, retentionSeconds = 259_200 } = options;
  const partner = await db.query<{ id: number }>(
    `INSERT INTO partners (slug, partner_id, name, rate_limit_per_sec, rate_limit_burst, rate_limit_per_month, retention_seconds)
     VALUES ($1, 'beta_' || $1, $1, $2, $3, $4, $5) RETURNING id`,
    [slug, rate, burst, monthlyQuota, retentionSeconds],
  );
  const id = partner.rows[0]?.id as number;
  return { id, slug, key: await insertKey(db, id, slug, options.scopes) };
}

/** A further key of a partner. */
export async function insertKey(
  db: pg.Client,
  partnerId: number,
  slug: string,
  keyScopes: string[] = [...scopes],
  expiresAt?: Date,
): Promise<string> {
  const key = generateKey('test', slug);
  await db.query('INSERT INTO api_keys (partner_id, key_hash, key_prefix, class, scopes, expires_at) VALUES ($1, $2, $3, $4, $5, $6)', [
    partnerId,
    createHmac('sha256', testPepper).update(key).digest(),
    key.slice(0, 14 + slug.length),
    'test',
    keyScopes,
    expiresAt ?? null,
  ]);
  return key;
}

export async function request(
  url: string,
  method: string,
  path: string,
  { key, body, headers = {}, signal }: RequestOptions = {},
): Promise<Answer> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(url + path, {
    method,
    signal: signal ?? AbortSignal.timeout(40_000),
    headers: {
      ...(key !== undefined && { 'x-api-key': key }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
