import { hostname } from 'node:os';
import pg from 'pg';
import { createPartner, issueKey } from '../src/modules/partners/store.ts';
import type { KeySecrets } from '../src/pipeline/auth/key-issue.ts';
import { type Actor, audited } from '../src/platform/audit.ts';
import { createPools } from '../src/platform/postgres.ts';

const actor: Actor = { name: 'system:start', source: hostname() };
const demo = { slug: 'demo', fields: { partner_name: 'Demo partner' } };

/** Makes the database `name` on that server unless it is there. @returns its URL. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<string> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect().catch((error) => {
    if (error.code !== '28P01') throw error;
    throw new Error('server.env no longer holds the password of the data in postgres/: bring it back, or delete the folder to start anew');
  });
  try {
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await admin.query(`CREATE DATABASE ${name}`);
  } finally {
    await admin.end();
  }
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** A new key for the demo partner, who is made if it is not there. */
export async function issueDemoKey(databaseUrl: string, secrets: KeySecrets): Promise<string> {
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 1, onIdleError: () => {} });
  try {
    const known = await pools.db.selectFrom('partners').select('id').where('slug', '=', demo.slug).executeTakeFirst();
    if (!known) await audited(pools.db, actor, (transaction) => createPartner(transaction, demo));
    const issued = await issueKey(pools.db, secrets, { slug: demo.slug, keyClass: 'test' }, actor);
    return issued.api_key;
  } finally {
    await pools.close();
  }
}
