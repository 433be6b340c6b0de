import { readFile, writeFile } from 'node:fs/promises';
import { issueDemoKey } from '../../scripts/start-database.ts';
import { curlLines } from '../../scripts/start-demo.ts';
import { findKey } from '../../src/pipeline/auth/key-store.ts';
import { createPools } from '../../src/platform/postgres.ts';
import { openVault } from '../../src/platform/vault/open-vault.ts';

/**
 * The one-off task of the Compose stack that makes the demo partner and its key, and prints the key with three lines to try. The key is kept in
 * DEMO_FILE, so that a later `up` prints the same one; a new one is made when the database no longer takes it.
 * DATABASE_URL, KEY_PEPPER and VAULT_KEY_FILE are the server's; API_URL is where the host reaches it. Exit code 1 when the database cannot be used.
 */
const { DATABASE_URL, KEY_PEPPER, VAULT_KEY_FILE, API_URL, DEMO_FILE } = process.env;
if (!DATABASE_URL || !KEY_PEPPER || !API_URL || !DEMO_FILE) {
  console.error('DATABASE_URL, KEY_PEPPER, API_URL and DEMO_FILE must be set');
  process.exit(2);
}

const vault = openVault({ keyFile: VAULT_KEY_FILE });
const kept = (await readFile(DEMO_FILE, 'utf8').catch(() => '')).trim();
const key =
  kept !== '' && (await isGood(DATABASE_URL, KEY_PEPPER, kept)) ? kept : await issueDemoKey(DATABASE_URL, { pepper: KEY_PEPPER, vault });
if (key !== kept) await writeFile(DEMO_FILE, `${key}\n`, { mode: 0o600 });

console.log(`
Triggers API is ready at ${API_URL}
  key of the partner "demo":
  ${key}

Send an event, look into the inbox, acknowledge it:

${curlLines(API_URL, key)
  .map((line) => `  ${line}`)
  .join('\n')}
`);

async function isGood(databaseUrl: string, pepper: string, apiKey: string): Promise<boolean> {
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 1, onIdleError: () => {} });
  try {
    const state = await findKey(pools.db, pepper, apiKey, Date.now());
    return 'principal' in state && !state.suspended;
  } finally {
    await pools.close();
  }
}
