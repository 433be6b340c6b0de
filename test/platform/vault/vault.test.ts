import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { addKey, createKeyFile, readKeyFile, removeKeys } from '../../../src/platform/vault/key-file.ts';
import { openVault } from '../../../src/platform/vault/open-vault.ts';
import type { Binding, SealedSecret, Vault } from '../../../src/platform/vault/vault.ts';
import { kmsEnvironment, startKms } from '../../helper/kms.ts';

const key = 'sk_beta_acme_0123456789abcdefghijklmnopqrstuvwxyz';
const binding: Binding = { partnerId: 3, keyId: 17, version: 1 };
const broken = { name: 'VaultError', code: 'broken' };
Object.assign(process.env, kmsEnvironment);

async function localVault(t: Test): Promise<{ vault: Vault; file: string }> {
  const file = path.join(t.testdir(), 'vault.json');
  await createKeyFile(file);
  return { vault: openVault({ keyFile: file }) as Vault, file };
}

async function kmsVault(t: Test) {
  const kms = await startKms(t);
  return { kms, vault: openVault({ kmsKey: 'alias/triggers', kmsEndpoint: kms.endpoint }) as Vault };
}

const vaults = { 'a key file': localVault, KMS: kmsVault };

for (const [name, open] of Object.entries(vaults)) {
  t.test(`${name}: a secret opens as what it was sealed for, and as nobody else's`, async (t) => {
    const { vault } = await open(t);
    const secret = await vault.seal(key, binding);
    t.equal(await vault.open(secret, binding), key);
    for (const other of [{ partnerId: 4 }, { keyId: 18 }, { version: 2 }])
      await t.rejects(vault.open(secret, { ...binding, ...other }), broken, JSON.stringify(other));
    const another = await vault.seal(key, { ...binding, keyId: 18 });
    t.notOk(
      another.sealed.equals(secret.sealed) || another.wrappedDataKey.equals(secret.wrappedDataKey),
      'every secret has its own data key',
    );
    for (const mixed of [
      { ...secret, sealed: another.sealed },
      { ...secret, wrappedDataKey: another.wrappedDataKey },
    ])
      await t.rejects(vault.open(mixed, binding), broken, 'parts of two secrets do not make one');
    for (const part of [secret.sealed, secret.wrappedDataKey]) t.notOk(part.includes(key), 'the text is in none of its parts');
  });

  t.test(`${name}: a data key is wrapped anew without the text being touched`, async (t) => {
    const { vault } = await open(t);
    const secret = await vault.seal(key, binding);
    const fresh: SealedSecret = { ...secret, ...(await vault.rewrap(secret, binding)) };
    t.notOk(fresh.wrappedDataKey.equals(secret.wrappedDataKey));
    t.equal(await vault.open(fresh, binding), key);
    await t.rejects(vault.rewrap(secret, { ...binding, keyId: 18 }), broken, "not as another's");
  });

  t.test(`${name}: the probe does all that a secret needs`, async (t) => {
    const { vault } = await open(t);
    await t.resolves(vault.probe());
  });
}

t.test('every flipped bit is noticed, in the text and in the data key', async (t) => {
  const { vault } = await localVault(t);
  const secret = await vault.seal(key, binding);
  for (const part of ['sealed', 'wrappedDataKey'] as const) {
    const opened: number[] = [];
    for (let bit = 0; bit < secret[part].length * 8; bit += 1) {
      const flipped = Buffer.from(secret[part]);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      await vault.open({ ...secret, [part]: flipped }, binding).then(
        () => opened.push(bit),
        (error) => error.code === 'broken' || opened.push(bit),
      );
    }
    t.same(opened, [], part);
    for (const length of [0, 11, 12, 27, secret[part].length - 1])
      await t.rejects(vault.open({ ...secret, [part]: secret[part].subarray(0, length) }, binding), broken, `${part} cut to ${length}`);
  }
});

t.test('any text comes back as it was', async (t) => {
  const { vault } = await localVault(t);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.nat(), async (text, keyId) => {
      const place = { ...binding, keyId };
      return (await vault.open(await vault.seal(text, place), place)) === text;
    }),
    { numRuns: 50 },
  );
});

t.test('after a new master key the old secrets still open, new ones are under it, and without the old one they do not', async (t) => {
  const { vault, file } = await localVault(t);
  const old = await vault.seal(key, binding);
  const name = await addKey(file);
  t.equal(await vault.open(old, binding), key);
  t.equal((await vault.seal(key, binding)).masterKey, name);
  t.match((await readKeyFile(file)).keys[old.masterKey], { retired_at: /Z$/ });
  const fresh = { ...old, ...(await vault.rewrap(old, binding)) };
  t.equal(fresh.masterKey, name);
  await removeKeys(file, [old.masterKey, name]);
  t.same(Object.keys((await readKeyFile(file)).keys), [name], 'the current one cannot be removed');
  await t.rejects(vault.open(old, binding), { ...broken, message: /master key mk_\w+ is not in .*bring back/ });
  t.equal(await vault.open(fresh, binding), key);
});

t.test('a key file is for its owner alone, whole, and never overwritten', async (t) => {
  const { vault, file } = await localVault(t);
  const unavailable = (message: RegExp) => ({ name: 'VaultError', code: 'unavailable', message });
  t.equal((await stat(file)).mode & 0o777, 0o600);
  await t.rejects(createKeyFile(file), unavailable(/is there already/));
  for (const mode of [0o640, 0o604, 0o660]) {
    await chmod(file, mode);
    await t.rejects(vault.seal(key, binding), unavailable(/can be read by others: chmod 600/), mode.toString(8));
  }
  await chmod(file, 0o600);
  const good = await readFile(file, 'utf8');
  const parsed = JSON.parse(good);
  for (const damaged of ['', '{', '{}', good.slice(0, -20), JSON.stringify({ ...parsed, current: 'mk_0000000000000000' })]) {
    await writeFile(file, damaged);
    await t.rejects(vault.probe(), unavailable(/damaged: bring back its copy/), damaged.slice(0, 20));
  }
  await t.rejects((openVault({ keyFile: `${file}.gone` }) as Vault).probe(), unavailable(/is missing: make it with .* vault init/));
});

t.test('of two that make the same key file one fails, and the other has made it', async (t) => {
  const file = path.join(t.testdir(), 'vault.json');
  const outcomes = await Promise.allSettled([createKeyFile(file), createKeyFile(file)]);
  t.same(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const made = outcomes.find(({ status }) => status === 'fulfilled') as PromiseFulfilledResult<string>;
  t.equal((await readKeyFile(file)).current, made.value);
});

t.test('of twenty changes of a key file at once none undoes another, and a lock that was left behind is taken away', async (t) => {
  const { file } = await localVault(t);
  const names = await Promise.all(Array.from({ length: 20 }, () => addKey(file)));
  const { keys } = await readKeyFile(file);
  t.same(
    names.filter((name) => !(name in keys)),
    [],
  );
  await writeFile(`${file}.lock`, '');
  const anHourAgo = new Date(Date.now() - 3_600_000);
  await utimes(`${file}.lock`, anHourAgo, anHourAgo);
  t.match(await addKey(file), /^mk_/);
});

t.test('KMS that hangs before its request is even made is given up', async (t) => {
  const credentials = createServer(() => {}).listen(0, '127.0.0.1');
  await once(credentials, 'listening');
  t.teardown(() => {
    credentials.closeAllConnections();
    credentials.close();
  });
  const { port } = credentials.address() as AddressInfo;
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...env } = process.env;
  const program = `
    const { openVault } = await import(${JSON.stringify(new URL('../../../src/platform/vault/open-vault.ts', import.meta.url).href)});
    await openVault({ kmsKey: 'alias/triggers', kmsEndpoint: 'http://127.0.0.1:9' }).probe().catch((error) => console.log(error.code, error.message));
    process.exit();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...env, AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.match(await text(child.stdout), /^unavailable KMS cannot be used/);
});

t.test('KMS is told the facts to which the secret is bound, with every call, and never the secret', async (t) => {
  const { kms, vault } = await kmsVault(t);
  const secret = await vault.seal(key, binding);
  t.equal(secret.masterKey, kms.arn('alias/triggers'), 'the ARN is kept, and not the alias, which may be moved');
  await vault.open(secret, binding);
  await vault.rewrap(secret, binding);
  const context = { partner: '3', key_id: '17', version: '1' };
  t.same(kms.calls, [
    { action: 'GenerateDataKey', context },
    { action: 'Decrypt', context },
    { action: 'ReEncrypt', context },
  ]);
  t.notOk(secret.wrappedDataKey.includes(kms.dataKeys[0] as Buffer));
});

t.test('a secret is wrapped anew under another key of KMS, and opens without its old one being named', async (t) => {
  const { kms, vault } = await kmsVault(t);
  const old = await vault.seal(key, binding);
  const other = openVault({ kmsKey: 'alias/next', kmsEndpoint: kms.endpoint }) as Vault;
  const fresh = { ...old, ...(await other.rewrap(old, binding)) };
  t.equal(fresh.masterKey, kms.arn('alias/next'));
  t.equal(await vault.open(fresh, binding), key);
  await t.rejects(vault.open({ ...fresh, masterKey: old.masterKey }, binding), broken, 'not under the name of another key');
});

t.test(
  'KMS that throttles or fails for a moment is asked again; one that does not come back is named, and nothing secret with it',
  async (t) => {
    const { kms, vault } = await kmsVault(t);
    kms.failures.push({ status: 400, type: 'ThrottlingException' });
    const secret = await vault.seal(key, binding);
    kms.failures.push({ status: 500, type: 'KMSInternalException' });
    t.equal(await vault.open(secret, binding), key);
    kms.failures.push('hang');
    t.equal(await vault.open(secret, binding), key, 'nor does one lost answer matter');
    kms.failures.push({ status: 400, type: 'AccessDeniedException' });
    await t.rejects(vault.open(secret, binding), { name: 'VaultError', code: 'unavailable', message: /KMS .*AccessDeniedException/ });
    kms.failures.push({ status: 400, type: 'DisabledException' });
    await t.rejects(vault.seal(key, binding), { code: 'unavailable', message: /DisabledException/ });
  },
);

t.test('without a setting there is no vault', (t) => {
  t.equal(openVault({}), undefined);
  t.end();
});
