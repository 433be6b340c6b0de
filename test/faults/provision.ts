import pg from 'pg';
import { generateKey, hashKey } from '../../src/pipeline/auth/key-format.ts';
import { migrate } from '../../src/platform/migrations.ts';

/** A partner with a key that may do everything. */
export type Provisioned = { id: number; slug: string; apiKey: string };

export const pepper = 'pepper-of-measurements-and-fault-tests-only';
const scopes = ['events:write', 'inbox:read', 'inbox:settle', 'account:read', 'account:write'];

/**
 * Makes the database `name` with the newest schema, and these partners in it; their limits are never met unless `ratePerSecond` says otherwise.
 * @returns its URL and the partners in the order of `slugs`.
 */
export async function provisionDatabase(
  adminUrl: string,
  name: string,
  slugs: string[],
  ratePerSecond = 1_000_000,
): Promise<{ url: string; partners: Provisioned[] }> {
  await withClient(adminUrl, (client) => client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`));
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  await migrate(url.href);
  const partners = await withClient(url.href, async (client) => {
    const made: Provisioned[] = [];
    for (const slug of slugs) made.push(await provision(client, slug, made.length, ratePerSecond));
    return made;
  });
  return { url: url.href, partners };
}

async function provision(client: pg.Client, slug: string, index: number, ratePerSecond: number): Promise<Provisioned> {
  const apiKey = generateKey('test', slug);
  const partner = await client.query<{ id: number }>(
    `INSERT INTO partners (slug, partner_id, name, rate_limit_per_sec, rate_limit_burst, rate_limit_per_month)
     VALUES ($1, $2, $1, $3, $3, 1000000000000) RETURNING id`,
    [slug, `test_${String(index + 1).padStart(6, '0')}`, ratePerSecond],
  );
  const id = partner.rows[0]?.id as number;
  await client.query('INSERT INTO api_keys (partner_id, key_hash, key_prefix, class, scopes) VALUES ($1, $2, $3, $4, $5)', [
    id,
    hashKey(pepper, apiKey),
    apiKey.slice(0, -30),
    'test',
    scopes,
  ]);
  return { id, slug, apiKey };
}

/** Runs `work` with a connection of its own, which is closed afterwards. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // the statement under way reports it
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
