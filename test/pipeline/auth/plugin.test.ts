import Fastify from 'fastify';
import t from 'tap';
import { createPartner, issueKey, resumePartner, revokeKey, suspendPartner } from '../../../src/modules/partners/store.ts';
import { generateKey } from '../../../src/pipeline/auth/key-format.ts';
import { auth } from '../../../src/pipeline/auth/plugin.ts';
import { scopes } from '../../../src/pipeline/auth/principal.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import { until } from '../../helper/until.ts';
import { type Answer, pepper, startAuthApp } from './auth-app.ts';

/** All that a caller can compare; the date is the server's. */
const bytes = ({ status, headers: { date: _, ...headers }, text }: Answer) => ({ status, headers, text });

t.test('who is let in, and what the others are told', async (t) => {
  const { db, clock, send, failures, lines } = await startAuthApp(t);
  await createPartner(db, { slug: 'closed' });
  const good = await issueKey(db, { pepper }, { slug: 'acme' });
  const another = await issueKey(db, { pepper }, { slug: 'acme' });
  const writer = await issueKey(db, { pepper }, { slug: 'acme', scopes: ['events:write'] });
  const revoked = await issueKey(db, { pepper }, { slug: 'acme' });
  const expired = await issueKey(db, { pepper }, { slug: 'acme', expiresAt: new Date(clock.ms) });
  const suspended = await issueKey(db, { pepper }, { slug: 'closed' });
  await revokeKey(db, revoked.key_prefix);
  await suspendPartner(db, 'closed');
  const key = good.api_key;
  const typo = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a');
  const unknown = generateKey('beta', 'acme');
  const bearer = (of: string) => ({ authorization: `Bearer ${of}` });

  const accepted: [string, Record<string, string | string[]>][] = [
    ['in X-API-Key', { 'x-api-key': key }],
    ['as Bearer', bearer(key)],
    ['as bearer, in any case', { authorization: `bearer  ${key}` }],
    ['the same in both', { 'x-api-key': key, ...bearer(key) }],
  ];
  for (const [name, headers] of accepted) t.match(await send('/read', headers), { status: 200, body: { slug: 'acme' } }, name);

  const refused: [string, Record<string, string | string[]>, string][] = [
    ['no key', {}, 'missing'],
    ['an empty key', { 'x-api-key': '' }, 'missing'],
    ['not a key', { 'x-api-key': 'hello' }, 'malformed'],
    ['a bad checksum', { 'x-api-key': typo }, 'malformed'],
    ['another class', { 'x-api-key': key.replace('beta', 'live') }, 'malformed'],
    ['an unknown key', { 'x-api-key': unknown }, 'unknown'],
    ['an unknown key, remembered', { 'x-api-key': unknown }, 'unknown'],
    ['a revoked key', { 'x-api-key': revoked.api_key }, 'revoked'],
    ['an expired key', { 'x-api-key': expired.api_key }, 'expired'],
    ['8 KB', { 'x-api-key': 'x'.repeat(8_192) }, 'malformed'],
    ['8 KB as Bearer', bearer('x'.repeat(8_192)), 'malformed'],
    ['another scheme', { authorization: `Basic ${Buffer.from(`user:${key}`).toString('base64')}` }, 'malformed'],
    ['no scheme', { authorization: key }, 'malformed'],
    ['two different keys in the two headers', { 'x-api-key': key, ...bearer(another.api_key) }, 'ambiguous'],
    ['a key beside another scheme', { 'x-api-key': key, authorization: 'Basic dTpw' }, 'ambiguous'],
    ['X-API-Key twice', { 'x-api-key': [key, key] }, 'malformed'],
    ['X-API-Key twice, differing', { 'x-api-key': [key, unknown] }, 'malformed'],
    ['Authorization twice', { authorization: [`Bearer ${key}`, `Bearer ${key}`] }, 'ambiguous'],
    ['Authorization twice, differing', { authorization: [`Bearer ${key}`, `Bearer ${unknown}`] }, 'ambiguous'],
  ];
  const answers: Answer[] = [];
  for (const [name, headers, reason] of refused) {
    failures.length = 0;
    const answer = await send('/read', headers);
    answers.push(answer);
    t.equal(answer.status, 401, name);
    t.same(failures, [reason], `${name}: counted as ${reason}`);
  }
  const [first] = answers as [Answer];
  t.match(first.body, { code: 'unauthenticated', status: 401, retryable: false });
  t.equal(first.headers['www-authenticate'], 'Bearer realm="triggers-api", ApiKey realm="triggers-api", header="X-API-Key"');
  for (const [index, answer] of answers.entries()) t.same(bytes(answer), bytes(first), `the same bytes for ${refused[index]?.[0]}`);

  failures.length = 0;
  t.equal((await send(`/read?api_key=${key}&x-api-key=${key}`)).status, 401, 'a key in the URL is not looked at');
  t.match(await send('/read', { 'x-api-key': writer.api_key }), { status: 403, body: { code: 'forbidden', detail: /inbox:read/ } });
  t.equal((await send('/write', { 'x-api-key': writer.api_key })).status, 200);
  t.match(await send('/read', { 'x-api-key': suspended.api_key }), { status: 403, body: { code: 'partner_suspended' } });
  t.same(failures, ['missing', 'forbidden', 'suspended']);

  t.ok(lines.length > 50, 'it was logged at trace');
  const secrets = [good, another, writer, revoked, expired, suspended].map(({ api_key }) => api_key).concat(unknown, typo);
  const leaks = lines.filter((line) => !line.includes('api_key=') && secrets.some((secret) => line.includes(secret)));
  t.same(leaks, [], 'no header with a key was logged');
});

t.test('every scope opens the routes that ask for it, and only those', async (t) => {
  const { db, send } = await startAuthApp(t);
  for (const scope of scopes) {
    const { api_key: key } = await issueKey(db, { pepper }, { slug: 'acme', scopes: [scope] });
    t.equal((await send('/read', { 'x-api-key': key })).status, scope === 'inbox:read' ? 200 : 403, `${scope} on /read`);
    t.equal((await send('/write', { 'x-api-key': key })).status, scope === 'events:write' ? 200 : 403, `${scope} on /write`);
  }
});

t.test('public routes need no key, and HEAD needs what GET needs', async (t) => {
  const { db, send } = await startAuthApp(t);
  const { api_key: key } = await issueKey(db, { pepper }, { slug: 'acme' });
  t.equal((await send('/public')).status, 200);
  t.equal((await send('/public', { 'x-api-key': 'wrong' })).status, 200);
  t.equal((await send('/docs')).status, 200);
  t.equal((await send('/read', {}, 'HEAD')).status, 401);
  t.equal((await send('/read', { 'x-api-key': key }, 'HEAD')).status, 200);
  t.equal((await send('/nowhere')).status, 404);
  t.equal((await send('/read', {}, 'DELETE')).status, 405);
});

t.test('a public route can check the key that it is shown', async (t) => {
  const { db, send } = await startAuthApp(t);
  await createPartner(db, { slug: 'closed' });
  const { api_key: key } = await issueKey(db, { pepper }, { slug: 'acme', scopes: ['events:write'] });
  const closed = await issueKey(db, { pepper }, { slug: 'closed' });
  await suspendPartner(db, 'closed');
  for (const time of ['looked up', 'from the cache'])
    t.match(await send('/health', { 'x-api-key': key }), { status: 200, body: { slug: 'acme' } }, time);
  t.equal((await send('/health', { 'x-api-key': generateKey('beta', 'acme') })).status, 401);
  t.match(await send('/health', { 'x-api-key': closed.api_key }), { status: 403, body: { code: 'partner_suspended' } });
});

t.test('a key is refused from the very millisecond of its expiry, also when it is in the cache', async (t) => {
  const { db, clock, send, failures } = await startAuthApp(t);
  const expiresAt = new Date(clock.ms + 60_000);
  const headers = { 'x-api-key': (await issueKey(db, { pepper }, { slug: 'acme', expiresAt })).api_key };
  t.equal((await send('/read', headers)).status, 200);
  clock.ms = expiresAt.getTime() - 1;
  t.equal((await send('/read', headers)).status, 200);
  clock.ms += 1;
  t.equal((await send('/read', headers)).status, 401);
  t.equal((await send('/read', headers)).status, 401);
  t.same(failures, ['expired', 'expired']);
});

t.test('revocation, suspension and its end take effect by notification alone', async (t) => {
  const { app, db, send } = await startAuthApp(t);
  await app.keyInvalidation.whenListening();
  const { api_key, key_id } = await issueKey(db, { pepper }, { slug: 'acme' });
  const status = async () => (await send('/read', { 'x-api-key': api_key })).status;
  t.equal(await status(), 200);
  await suspendPartner(db, 'acme');
  await until('403', async () => (await status()) === 403, 1_000);
  await resumePartner(db, 'acme');
  await until('200', async () => (await status()) === 200, 1_000);
  await revokeKey(db, `${key_id}`);
  await until('401', async () => (await status()) === 401, 1_000);
});

t.test('a key that was refused before it was issued works at once when it is', async (t) => {
  const { app, db, send } = await startAuthApp(t);
  await app.keyInvalidation.whenListening();
  const { api_key: key, key_id: id } = await issueKey(db, { pepper }, { slug: 'acme' });
  const row = await db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  await db.deleteFrom('api_keys').where('id', '=', id).execute();
  await until('it is refused', async () => (await send('/read', { 'x-api-key': key })).status === 401, 1_000);
  const { id: _, created_at: __, ...again } = row;
  await db.insertInto('api_keys').values(again).execute();
  await until('it is accepted', async () => (await send('/read', { 'x-api-key': key })).status === 200, 1_000);
});

t.test('a key that cannot be looked up is answered 503 with Retry-After, never 401', async (t) => {
  const nowhere = createPools({
    databaseUrl: 'postgres://nobody@127.0.0.1:1/nothing',
    writeConnections: 1,
    readConnections: 1,
    onIdleError: () => {},
  });
  t.teardown(() => nowhere.close());
  const { send } = await startAuthApp(t, { db: nowhere.db });
  const answer = await send('/read', { 'x-api-key': generateKey('beta', 'acme') });
  t.match(answer, { status: 503, body: { code: 'unavailable', retryable: true } });
  t.equal(answer.headers['retry-after'], '1');
  t.equal((await send('/read', { 'x-api-key': 'malformed' })).status, 401, 'what needs no look-up is answered as ever');
});

t.test('the app refuses to boot on a route that does not say who may call it', async (t) => {
  const nowhere = createPools({
    databaseUrl: 'postgres://nobody@127.0.0.1:1/nothing',
    writeConnections: 1,
    readConnections: 1,
    onIdleError: () => {},
  });
  t.teardown(() => nowhere.close());
  const boot = async (config: object | undefined) => {
    const app = Fastify();
    t.teardown(() => app.close());
    await app.register(auth, {
      db: nowhere.db,
      databaseUrl: 'postgres://nobody@127.0.0.1:1/nothing',
      pepper,
      clock: Date.now,
      failuresPerMinute: 1,
    });
    app.get('/forgotten', { config } as object, async () => ({}));
    await app.ready();
  };
  const complete = { operation: 'get', access: 'public', limit: false };
  await t.resolves(boot(complete));
  for (const config of [
    undefined,
    {},
    { ...complete, access: undefined },
    { ...complete, operation: '' },
    { ...complete, limit: undefined },
  ]) {
    await t.rejects(boot(config), { message: /GET \/forgotten does not say config/ });
  }
});
