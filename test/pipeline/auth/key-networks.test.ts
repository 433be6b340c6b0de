import t, { type Test } from 'tap';
import { changeKey, issueKey, revokeKey, suspendPartner } from '../../../src/modules/partners/store.ts';
import { until } from '../../helper/until.ts';
import { pepper, startAuthApp } from './auth-app.ts';

type AuthApp = Awaited<ReturnType<typeof startAuthApp>>;

/** An app behind one proxy, and a key of `acme` with this allow list. */
async function setUp(t: Test, allowedCidrs: string[] | null) {
  const app = await startAuthApp(t, {}, (_address, hop) => hop < 1);
  const { api_key: key, key_id: id } = await issueKey(app.db, { pepper }, { slug: 'acme', scopes: ['inbox:read'], allowedCidrs });
  const from = (address: string | string[], path = '/read') => app.send(path, { 'x-api-key': key, 'x-forwarded-for': address });
  return { ...app, id: `${id}`, key, from };
}

t.test('a key with an allow list is good from there, and 403 with the address that was seen from elsewhere', async (t) => {
  const { from, send, key, failures } = await setUp(t, ['192.0.2.0/24', '2001:db8::/32']);
  for (const address of ['192.0.2.1', '::ffff:192.0.2.255', '2001:db8::7']) t.equal((await from(address)).status, 200, address);
  t.same(failures, []);
  for (const address of ['192.0.3.1', '::1', '2001:db9::', 'unknown', '192.0.2.1:4711']) {
    const detail = `The key may not be used from ${address}.`;
    t.match(await from(address), { status: 403, body: { code: 'forbidden', detail, retryable: false } }, address);
  }
  const long = await from('x'.repeat(5_000));
  t.match(long, { status: 403, body: { detail: `The key may not be used from ${'x'.repeat(45)}.` } });
  t.match(await send('/read', { 'x-api-key': key }), { status: 403, body: { detail: /from 127\.0\.0\.1\.$/ } }, 'without a proxy');
  t.same(new Set(failures), new Set(['network']));
});

t.test('only what the trusted proxy has written counts: a client cannot put itself elsewhere', async (t) => {
  const { from } = await setUp(t, ['192.0.2.0/24']);
  t.match(await from('192.0.2.1, 203.0.113.9'), { status: 403, body: { detail: /from 203\.0\.113\.9\.$/ } });
  t.match(await from(['192.0.2.1', '203.0.113.9']), { status: 403, body: { detail: /from 203\.0\.113\.9\.$/ } });
  t.equal((await from('203.0.113.9, 192.0.2.1')).status, 200);
});

t.test('without proxies that are trusted the header is nothing', async (t) => {
  const { db, send } = await startAuthApp(t);
  const { api_key: key } = await issueKey(db, { pepper }, { slug: 'acme', allowedCidrs: ['127.0.0.0/8'] });
  const other = await issueKey(db, { pepper }, { slug: 'acme', allowedCidrs: ['192.0.2.0/24'] });
  t.equal((await send('/read', { 'x-api-key': key, 'x-forwarded-for': '192.0.2.1' })).status, 200);
  t.equal((await send('/read', { 'x-api-key': other.api_key, 'x-forwarded-for': '192.0.2.1' })).status, 403);
});

t.test('a public route that checks the key which it is shown checks the network too', async (t) => {
  const { from } = await setUp(t, ['192.0.2.0/24']);
  t.match(await from('192.0.2.1', '/health'), { status: 200, body: { slug: 'acme' } });
  t.match(await from('203.0.113.9', '/health'), { status: 403, body: { code: 'forbidden' } });
});

t.test('first whether the key is good, then whether its partner is, then from where, then for what', async (t) => {
  const { app, db, from, failures, id } = await setUp(t, ['192.0.2.0/24']);
  await app.keyInvalidation.whenListening();
  const [wrongPlace, here] = ['203.0.113.9', '192.0.2.1'];
  t.match(await from(here, '/write'), { status: 403, body: { detail: /lacks the scope events:write/ } });
  t.match(await from(wrongPlace, '/write'), { status: 403, body: { detail: /may not be used from/ } });
  await suspendPartner(db, 'acme');
  await until('suspended', async () => (await from(wrongPlace, '/write')).body.code === 'partner_suspended', 1_000);
  await revokeKey(db, id);
  await until('revoked', async () => (await from(wrongPlace, '/write')).status === 401, 1_000);
  t.same([...new Set(failures)], ['forbidden', 'network', 'suspended', 'revoked']);
});

t.test('a changed list is in force within the bound of a revocation, also for a key in the cache', async (t) => {
  const { app, db, from, id } = await setUp(t, null);
  await app.keyInvalidation.whenListening();
  const statuses = async (...addresses: string[]) =>
    (await Promise.all(addresses.map((address) => from(address)))).map(({ status }) => status);
  const change = async (allowedCidrs: string[] | null, expected: number[]) => {
    await changeKey(db, id, { allowedCidrs });
    await until(`${allowedCidrs}`, async () => `${await statuses('192.0.2.1', '203.0.113.9')}` === `${expected}`, 1_000);
  };
  t.same(await statuses('192.0.2.1', '203.0.113.9', 'unknown'), [200, 200, 200], 'no list: from everywhere');
  await change(['192.0.2.0/24'], [200, 403]);
  await change(['203.0.113.0/24'], [403, 200]);
  await change(null, [200, 200]);
});

t.test('a refusal for the address is no failure that is limited: the key is good', async (t) => {
  const { db, send }: AuthApp = await startAuthApp(t, { failuresPerMinute: 3 });
  const { api_key: key } = await issueKey(db, { pepper }, { slug: 'acme', allowedCidrs: ['192.0.2.0/24'] });
  for (let time = 0; time < 10; time += 1) t.equal((await send('/read', { 'x-api-key': key })).status, 403);
});
