import path from 'node:path';
import type { Kysely } from 'kysely';
import type { Test } from 'tap';
import type { Means } from '../../../src/modules/partners/provision.ts';
import { audited } from '../../../src/platform/audit.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import type { Database } from '../../../src/platform/schema.ts';
import { createKeyFile } from '../../../src/platform/vault/key-file.ts';
import { openVault } from '../../../src/platform/vault/open-vault.ts';
import { createTestDatabase } from '../../helper/database.ts';

export const pepper = 'a pepper of at least 32 characters';

/** What partners are provisioned with: a database and a vault of the test's own. */
export async function setUpMeans(t: Test): Promise<Means & { databaseUrl: string; keyFile: string }> {
  const databaseUrl = await createTestDatabase(t);
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 8, onIdleError: () => {} });
  t.teardown(() => pools.close());
  const keyFile = path.join(t.testdir(), 'vault-key.json');
  await createKeyFile(keyFile);
  const vault = openVault({ keyFile });
  const { db } = pools;
  return {
    databaseUrl,
    keyFile,
    db,
    secrets: { pepper, vault },
    change: (work) => audited(db, { name: 'admin:tess', source: 'test' }, work),
  };
}

/** Every row of the tables that provisioning writes to, and what the audit log says. */
export async function wholeTables(db: Kysely<Database>) {
  const [partners, keys, secrets, audit] = await Promise.all([
    db.selectFrom('partners').selectAll().orderBy('id').execute(),
    db.selectFrom('api_keys').selectAll().orderBy('id').execute(),
    db.selectFrom('vault_secrets').selectAll().orderBy('key_id').execute(),
    db.selectFrom('audit_log').selectAll().orderBy('seq').execute(),
  ]);
  return { partners, keys, secrets, audit };
}
