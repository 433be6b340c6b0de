import path from 'node:path';
import t, { type Test } from 'tap';
import type { IssuedKey } from '../../../src/modules/partners/records.ts';
import { createPartner, issueKey, revokeKey } from '../../../src/modules/partners/store.ts';
import { type RewrapOptions, rewrapSecrets } from '../../../src/modules/vault/rewrap.ts';
import { countByMasterKey } from '../../../src/modules/vault/store.ts';
import { verifyVault } from '../../../src/modules/vault/verify.ts';
import { readSecret } from '../../../src/pipeline/auth/key-secrets.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import { addKey, createKeyFile, readKeyFile } from '../../../src/platform/vault/key-file.ts';
import { openVault } from '../../../src/platform/vault/open-vault.ts';
import type { Vault } from '../../../src/platform/vault/vault.ts';
import { startTestApp, testPepper } from '../../helper/app.ts';
import { createTestDatabase } from '../../helper/database.ts';
import { kmsEnvironment, startKms } from '../../helper/kms.ts';

Object.assign(process.env, kmsEnvironment);

async function setUp(t: Test, keys = 3) {
  const file = path.join(t.testdir(), 'vault.json');
  await createKeyFile(file);
  const vault = openVault({ keyFile: file }) as Vault;
  const databaseUrl = await createTestDatabase(t);
  const { db, close } = createPools({ databaseUrl, writeConnections: 1, readConnections: 4, onIdleError: () => {} });
  t.teardown(close);
  const secrets = { pepper: testPepper, vault };
  await createPartner(db, { slug: 'acme' });
  await createPartner(db, { slug: 'other' });
  const issued: IssuedKey[] = [];
  const issuing = Array.from({ length: 4 }, async () => {
    while (issued.length < keys - 3) issued.push(await issueKey(db, secrets, { slug: 'acme' }));
  });
  await Promise.all(issuing);
  while (issued.length < keys) issued.push(await issueKey(db, secrets, { slug: 'acme' }));
  return { file, vault, databaseUrl, db, secrets, issued };
}

t.test('a rotation puts every secret under the new master key, and each still opens', async (t) => {
  const { file, vault, db, secrets, issued } = await setUp(t, 450);
  const old = await vault.masterKey.current();
  const current = await addKey(file);
  let told = 0;
  const onRewrapped = () => {
    told += 1;
  };
  t.same(await rewrapSecrets({ db, vault, onRewrapped }), { to: current, rewrapped: 450, broken: [] });
  t.equal(told, 450);
  t.same(await countByMasterKey(db), new Map([[current, 450]]));
  t.same(await verifyVault(db, secrets), { secrets: 450, faults: [] });
  t.equal(await readSecret(db, vault, issued[7]?.key_id as number), issued[7]?.api_key);
  t.not(current, old);
  t.match(await rewrapSecrets({ db, vault }), { rewrapped: 0 }, 'again: there is nothing left to do');
});

t.test('a rotation that was interrupted is finished by the next run', async (t) => {
  const { file, vault, db, secrets } = await setUp(t, 450);
  const old = await vault.masterKey.current();
  await addKey(file);
  const stop = new AbortController();
  let told = 0;
  const interrupted = rewrapSecrets({
    db,
    vault,
    signal: stop.signal,
    onRewrapped() {
      told += 1;
      if (told === 100) stop.abort(new Error('enough'));
    },
  });
  await t.rejects(interrupted, { message: 'enough' });
  const left = (await countByMasterKey(db)).get(old) as number;
  t.ok(left >= 450 - 107 && left <= 450 - 100, `it ends with the eight that are under way, and ${left} are left`);
  t.match(await rewrapSecrets({ db, vault }), { rewrapped: left });
  t.match(await verifyVault(db, secrets), { faults: [] });
});

t.test('two rotations at once wrap everything once', async (t) => {
  const { file, vault, db, secrets } = await setUp(t, 60);
  await addKey(file);
  const [one, two] = await Promise.all([rewrapSecrets({ db, vault }), rewrapSecrets({ db, vault })]);
  t.equal(one.rewrapped + two.rewrapped, 60);
  t.match(await verifyVault(db, secrets), { secrets: 60, faults: [] });
});

t.test('a master key that changes under a rotation ends it, and the next run finishes the work', async (t) => {
  const { file, vault, db, secrets } = await setUp(t, 30);
  await addKey(file);
  // Whoever has done one waits for the change, so that some are left after it.
  let change: Promise<unknown> | undefined;
  const onRewrapped = async () => {
    change ??= addKey(file);
    await change;
  };
  await t.rejects(rewrapSecrets({ db, vault, onRewrapped }), {
    code: 'unavailable',
    message: /meanwhile: run the rotation again/,
  });
  await rewrapSecrets({ db, vault });
  t.same([...(await countByMasterKey(db)).keys()], [(await readKeyFile(file)).current]);
  t.match(await verifyVault(db, secrets), { secrets: 30, faults: [] });
});

t.test('a key that was moved to another partner does not open as hers', async (t) => {
  const { vault, db, issued } = await setUp(t, 1);
  const [{ key_id }] = issued as [IssuedKey];
  const other = await db.selectFrom('partners').select('id').where('slug', '=', 'other').executeTakeFirstOrThrow();
  await db.updateTable('api_keys').set({ partner_id: other.id }).where('id', '=', key_id).execute();
  await t.rejects(readSecret(db, vault, key_id), { name: 'VaultError', code: 'broken' });
});

t.test('a secret that does not open stays as it is, is named, and stops nothing', async (t) => {
  const { file, vault, db, issued } = await setUp(t);
  const [bad] = issued as [(typeof issued)[number]];
  await db
    .updateTable('vault_secrets')
    .set({ wrapped_data_key: Buffer.alloc(60) })
    .where('key_id', '=', bad.key_id)
    .execute();
  await addKey(file);
  const { rewrapped, broken } = await rewrapSecrets({ db, vault });
  t.equal(rewrapped, 2);
  t.same(broken, [{ keyId: bad.key_id, keyPrefix: bad.key_prefix, partner: 'acme' }]);
});

t.test('partners rotate their keys over the API while the master key is rotated, and no secret is lost', async (t) => {
  const { file, vault, databaseUrl, db, secrets } = await setUp(t, 200);
  const { request } = await startTestApp(t, { databaseUrl, VAULT_KEY_FILE: file });
  let { api_key: key } = await issueKey(db, secrets, { slug: 'other' });
  let rotations = 0;
  let isDone = false;
  const partner = (async () => {
    while (!isDone || rotations < 20) {
      const { status, json } = await request('POST', '/v1/keys/rotate', { key, body: { grace_seconds: 3600 } });
      t.equal(status, 200);
      key = json.api_key;
      rotations += 1;
    }
  })();
  for (let times = 0; times < 3; times += 1) {
    await addKey(file);
    await rewrapSecrets({ db, vault });
  }
  isDone = true;
  await partner;
  // What a partner's rotation sealed under an older master key at the last moment is what the next run is for.
  await rewrapSecrets({ db, vault });
  const { current } = await readKeyFile(file);
  t.same(await countByMasterKey(db), new Map([[current, 201 + rotations]]));
  t.same(await verifyVault(db, secrets), { secrets: 201 + rotations, faults: [] });
});

t.test('KMS wraps everything anew, under another key or with the newest material of the same', async (t) => {
  const { db } = await setUp(t, 0);
  const kms = await startKms(t);
  const named = (kmsKey: string) => openVault({ kmsKey, kmsEndpoint: kms.endpoint }) as Vault;
  const first = { pepper: testPepper, vault: named('alias/one') };
  const issued = await Promise.all(Array.from({ length: 20 }, () => issueKey(db, first, { slug: 'acme' })));
  const rewrap = (more: Partial<RewrapOptions>) => rewrapSecrets({ db, vault: first.vault, ...more });
  t.match(await rewrap({}), { rewrapped: 0 });
  t.match(await rewrap({ all: true }), { rewrapped: 20 });
  const second = named('alias/two');
  t.match(await rewrap({ vault: second }), { to: kms.arn('alias/two'), rewrapped: 20 });
  t.equal(await readSecret(db, second, issued[0]?.key_id as number), issued[0]?.api_key);
  t.match(await verifyVault(db, { pepper: testPepper, vault: second }), { secrets: 20, faults: [] });
  kms.failures.push(...Array.from({ length: 20 }, () => ({ status: 400, type: 'AccessDeniedException' })));
  await t.rejects(rewrap({ all: true }), { code: 'unavailable' }, 'without KMS it fails, and says so');
});

t.test('verify names each key that is missing, does not open, or is another one', async (t) => {
  const { vault, db, secrets } = await setUp(t, 0);
  const issue = (slug = 'acme', more = {}) => issueKey(db, { pepper: testPepper, vault, ...more }, { slug });
  const [good, broken, moved, exchanged, foreign] = [await issue(), await issue(), await issue(), await issue(), await issue('other')];
  const unvaulted = await issue('acme', { vault: undefined });
  const revoked = await issue('acme', { vault: undefined });
  await revokeKey(db, `${revoked.key_id}`);
  const row = (id: number) => db.selectFrom('vault_secrets').selectAll().where('key_id', '=', id).executeTakeFirstOrThrow();
  const put = (id: number, set: object) => db.updateTable('vault_secrets').set(set).where('key_id', '=', id).execute();
  await put(broken.key_id, { sealed: Buffer.alloc(40) });
  const { partner_id, wrapped_data_key, sealed } = await row(foreign.key_id);
  await put(moved.key_id, { partner_id, wrapped_data_key, sealed });
  const forged = await vault.seal(good.api_key, {
    partnerId: (await row(exchanged.key_id)).partner_id,
    keyId: exchanged.key_id,
    version: 1,
  });
  await put(exchanged.key_id, { wrapped_data_key: forged.wrappedDataKey, sealed: forged.sealed });
  const { secrets: count, faults } = await verifyVault(db, secrets);
  t.equal(count, 5);
  t.same(
    faults.map(({ key_id, fault }) => [key_id, fault]),
    [
      [broken.key_id, 'broken'],
      [moved.key_id, 'broken'],
      [exchanged.key_id, 'another_key'],
      [unvaulted.key_id, 'missing'],
    ],
  );
  const other = await verifyVault(db, { ...secrets, pepper: `${testPepper} of another installation` });
  t.equal(other.faults.filter(({ fault }) => fault === 'another_key').length, 3, 'with another pepper nothing fits');
});

t.test('a revoked key is no longer in the vault', async (t) => {
  const { vault, db, issued } = await setUp(t, 1);
  const [{ key_id }] = issued as [(typeof issued)[number]];
  await revokeKey(db, `${key_id}`);
  await t.rejects(readSecret(db, vault, key_id), { name: 'VaultError', code: 'not_found' });
});
