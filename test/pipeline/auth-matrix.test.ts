import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import t from 'tap';
import { generateKey } from '../../src/pipeline/auth/key-format.ts';
import { type Scope, scopes } from '../../src/pipeline/auth/principal.ts';
import { insertKey, startTestApp } from '../helper/app.ts';
import { acknowledge, postEvent, uuidAt } from '../helper/seed.ts';
import { routeTable } from './route-table.ts';

/** What every route that needs a key needs, and a request that it would take. */
const rows: Record<string, { scope: Scope /** A scope that it needs beside. */; also?: Scope; body?: unknown }> = {
  'POST /v1/events': { scope: 'events:write', body: { event_type: 'x', payload: {} } },
  'POST /v1/events/batch': { scope: 'events:write', body: [{ event_type: 'x', payload: {} }] },
  'GET /v1/inbox': { scope: 'inbox:read' },
  'GET /v1/events/:id': { scope: 'inbox:read' },
  'PATCH /v1/events/:id/acknowledge': { scope: 'inbox:settle' },
  'POST /v1/events/acknowledge': { scope: 'inbox:settle', body: { event_ids: ['evt_x'] } },
  'POST /v1/inbox/receive': { scope: 'inbox:settle', also: 'inbox:read', body: { max_events: 1 } },
  'PATCH /v1/events/:id/release': { scope: 'inbox:settle', body: { lease_token: '01234567-89ab-4cde-8f01-23456789abcd' } },
  'PATCH /v1/events/:id/reject': { scope: 'inbox:settle' },
  'PATCH /v1/events/:id/extend': {
    scope: 'inbox:settle',
    body: { lease_token: '01234567-89ab-4cde-8f01-23456789abcd', lease_seconds: 60 },
  },
  'POST /v1/inbox/settle': { scope: 'inbox:settle', body: { acknowledge: [{ event_id: 'evt_x' }] } },
  'GET /v1/events': { scope: 'inbox:read' },
  'DELETE /v1/events/:id/payload': { scope: 'account:write' },
  'GET /v1/inbox/stats': { scope: 'inbox:read' },
  'POST /v1/keys/rotate': { scope: 'account:write', body: { grace_seconds: 86_400 } },
  'GET /v1/dead-letters': { scope: 'inbox:read' },
  'GET /v1/dead-letters/:id': { scope: 'inbox:read' },
  'DELETE /v1/dead-letters/:id': { scope: 'inbox:settle' },
  'POST /v1/dead-letters/:id/redrive': { scope: 'inbox:settle' },
  'POST /v1/dead-letters/redrive': { scope: 'inbox:settle', body: { filter: {} } },
  'POST /v1/events/:id/replay': { scope: 'inbox:settle' },
  'POST /v1/events/replay': { scope: 'inbox:settle', body: { filter: { from: '2026-11-24T00:00:00Z', to: '2026-11-25T00:00:00Z' } } },
  'GET /v1/jobs/:job_id': { scope: 'inbox:read' },
  'GET /v1/account': { scope: 'account:read' },
  'PATCH /v1/account': { scope: 'account:write', body: { primary_contact: 'x' } },
  'GET /v1/usage': { scope: 'account:read' },
};

/** Said aloud here too: whoever adds a route decides whether it needs a key. */
const publicRoutes = [
  /^(GET|HEAD) \/(docs|guide)(\/.*)?$/,
  /^(GET|HEAD) \/llms\.txt$/,
  /^GET \/openapi\.json$/,
  /^GET (\/v1)?\/health$/,
  /^GET \/health\/(live|ready)$/,
];

const app = await startTestApp(t, { AUTH_FAILURES_PER_MINUTE: 1_000_000 });
const partner = await app.addPartner();
const suspended = await app.addPartner();
await app.db.query("UPDATE partners SET status = 'suspended' WHERE id = $1", [suspended.id]);
const key = (keyScopes?: string[], expiresAt?: Date) => insertKey(app.db, partner.id, partner.slug, keyScopes, expiresAt);
const prefixOf = (of: string) => of.slice(0, 14 + partner.slug.length);
const [revoked, expired, expiresSoon] = [
  await key(),
  await key(undefined, new Date(Date.now() - 1)),
  await key(undefined, new Date(Date.now() + 3_600_000)),
];
await app.db.query('UPDATE api_keys SET revoked_at = now() WHERE key_prefix = $1', [prefixOf(revoked)]);
const without = new Map<Scope, string>();
for (const scope of scopes) {
  without.set(scope, await key(scopes.filter((other) => other !== scope)));
}
const [elsewhere, here] = [await key(), await key()];
for (const [of, networks] of [
  [elsewhere, ['192.0.2.0/24', '2001:db8::/32']],
  [here, ['127.0.0.0/8', '::1/128']],
] as const) {
  await app.db.query('UPDATE api_keys SET allowed_cidrs = $2 WHERE key_prefix = $1', [prefixOf(of), networks]);
}
const swapLast = (text: string) => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');

type Sent = { headers?: OutgoingHttpHeaders; query?: string };
type Case = { send: Sent; status: number; code: string };
const refused = (send: Sent): Case => ({ send, status: 401, code: 'unauthenticated' });
const withKey = (value: string | string[]): Sent => ({ headers: { 'x-api-key': value } });
const asBearer = (value: string): Sent => ({ headers: { authorization: `Bearer ${value}` } });

function cases(scope: Scope): Record<string, Case> {
  return {
    none: refused({}),
    empty: refused(withKey('')),
    malformed: refused(withKey('hello')),
    'bad checksum': refused(withKey(swapLast(partner.key))),
    'a mistyped partner': refused(withKey(partner.key.replace(partner.slug, `${partner.slug}x`))),
    'cut short': refused(withKey(partner.key.slice(0, -1))),
    unknown: refused(withKey(generateKey('test', partner.slug))),
    revoked: refused(withKey(revoked)),
    expired: refused(withKey(expired)),
    'wrong scope': { send: withKey(without.get(scope) as string), status: 403, code: 'forbidden' },
    'wrong scope, as Bearer': { send: asBearer(without.get(scope) as string), status: 403, code: 'forbidden' },
    'wrong network': { send: withKey(elsewhere), status: 403, code: 'forbidden' },
    'wrong network, as Bearer': { send: asBearer(elsewhere), status: 403, code: 'forbidden' },
    'wrong network, which the client says is right': {
      send: { headers: { 'x-api-key': elsewhere, 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.1', 'x-real-ip': '192.0.2.1' } },
      status: 403,
      code: 'forbidden',
    },
    suspended: { send: withKey(suspended.key), status: 403, code: 'partner_suspended' },
    'suspended, as Bearer': { send: asBearer(suspended.key), status: 403, code: 'partner_suspended' },
    'malformed, as Bearer': refused(asBearer('hello')),
    'unknown, as Bearer': refused(asBearer(generateKey('live', partner.slug))),
    'revoked, as Bearer': refused(asBearer(revoked)),
    'expired, as Bearer': refused(asBearer(expired)),
    'in the query string as access_token': refused({ query: `access_token=${partner.key}` }),
    'in the query string beside a bad one': refused({ ...withKey(swapLast(partner.key)), query: `api_key=${partner.key}` }),
    'in the query string as api_key': refused({ query: `api_key=${partner.key}` }),
    'in the query string as the header': refused({ query: `X-API-Key=${partner.key}` }),
    'two headers': refused(withKey([partner.key, expiresSoon])),
    'one key in two headers': refused(withKey([partner.key, partner.key])),
    'two keys in two kinds of header': refused({ headers: { 'x-api-key': partner.key, authorization: `Bearer ${expiresSoon}` } }),
    'two Authorization headers': refused({ headers: { authorization: [`Bearer ${partner.key}`, `Bearer ${partner.key}`] as never } }),
    '8 KB': refused(withKey(`sk_test_${'a'.repeat(8_192)}`)),
    'another scheme': refused({ headers: { authorization: `Basic ${Buffer.from(`${partner.key}:`).toString('base64')}` } }),
    'a cookie': refused({ headers: { cookie: `X-API-Key=${partner.key}` } }),
  };
}

type Answered = { status: number; headers: IncomingHttpHeaders; text: string };

const unknownEvent = `evt_${uuidAt(Date.now())}`;

/** Sends exactly these header lines, which fetch would join or refuse. */
async function send(route: string, { headers = {}, query }: Sent): Promise<Answered> {
  const [method, path] = route.split(' ') as [string, string];
  const url = `${app.url}${path.replace(':id', unknownEvent).replace(':job_id', 'job_x')}${query ? `?${query}` : ''}`;
  const body = rows[route]?.body;
  const request = httpRequest(url, { method, headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) } });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

const routes = routeTable(app.app);
const isPublic = (route: string) => publicRoutes.some((pattern) => pattern.test(route));

t.test('every route is in this table or is public, and every row is a route', async (t) => {
  t.same(routes.filter((route) => !isPublic(route)).sort(), Object.keys(rows).sort());
});

for (const [route, { scope, also }] of Object.entries(rows)) {
  t.test(`${route} refuses every credential that is not a good key with ${scope}`, async (t) => {
    for (const [name, { send: sent, status, code }] of Object.entries(cases(scope))) {
      const answer = await send(route, sent);
      const problem = JSON.parse(answer.text);
      t.same([answer.status, problem.status, problem.code], [status, status, code], name);
      t.equal(answer.headers['content-type'], 'application/problem+json', name);
      t.equal(typeof answer.headers['www-authenticate'] === 'string', status === 401, `${name}: a challenge with 401 and only then`);
      t.notOk(answer.text.includes(partner.key), 'a key is not repeated');
    }
  });

  t.test(`${route} takes a good key with ${also ? `${also} and ` : ''}${scope} alone, in X-API-Key or as Bearer`, async (t) => {
    const ways: ((good: string) => Sent)[] = [
      withKey,
      (good) => ({ headers: { authorization: `Bearer ${good}` } }),
      (good) => ({ headers: { 'X-API-KEY': good, Authorization: `bearer ${good}` } }),
    ];
    for (const way of ways) {
      // A key of its own for each, because one route replaces the key that it is called with.
      const good = await key(also ? [scope, also] : [scope]);
      const { status } = await send(route, way(good));
      t.ok(status === 200 || status === 207 || status === 404, `${status}`);
      // Nobody may have more than fifty good ones.
      await app.db.query('UPDATE api_keys SET revoked_at = now() WHERE key_prefix = $1', [prefixOf(good)]);
    }
  });
}

/** All of an answer but the time and the name of the request, which is part of the text and may be longer than another. */
function comparable({ status, headers: { date: _, 'x-request-id': id, 'content-length': length, ...headers }, text }: Answered) {
  const rest = text.replaceAll(id as string, '');
  return { status, headers, lengthIsTrue: Number(length) === Buffer.byteLength(text), rest };
}

for (const route of Object.keys(rows)) {
  t.test(`${route} answers every key that is not accepted with the same bytes, however it is wrong and however it is shown`, async (t) => {
    const all = Object.entries(cases('inbox:read')).filter(([, { status }]) => status === 401);
    t.ok(all.length >= 20);
    const expected = comparable(await send(route, withKey(revoked)));
    for (const [name, { send: sent }] of all) t.same(comparable(await send(route, sent)), expected, name);
  });
}

t.test('a key with an allow list is good on a public route from there alone, and one from elsewhere is told', async (t) => {
  t.equal((await send('GET /v1/health', withKey(here))).status, 200);
  t.equal((await send('GET /v1/account', withKey(here))).status, 200);
  const answer = await send('GET /v1/health', withKey(elsewhere));
  t.match(JSON.parse(answer.text), { status: 403, code: 'forbidden', detail: /may not be used from 127\.0\.0\.1\./ });
  const metrics = await app.app.metrics.registry.metrics();
  t.match(metrics, /^auth_failures_total\{reason="network",.*\} [1-9]/m);
});

t.test('a key that expires later is good until then', async (t) => {
  t.equal((await send('GET /v1/inbox', withKey(expiresSoon))).status, 200);
  app.clock.shiftMs = 3_600_001;
  t.equal((await send('GET /v1/inbox', withKey(expiresSoon))).status, 401);
  app.clock.shiftMs = 0;
});

t.test('a path that is no route is 404 with or without a key, so that nothing can be learned of routes from keys', async (t) => {
  for (const options of [{}, { key: partner.key }, { key: 'hello' }])
    t.match((await app.request('GET', '/v1/nowhere', options)).json, { status: 404, code: 'route_not_found' });
});

t.test("another partner's id gets on every route what an unknown id gets, byte for byte", async (t) => {
  const other = await app.addPartner();
  const [pending, done] = [await postEvent(app, other.key), await postEvent(app, other.key)];
  await acknowledge(app, other, [done]);
  const unknown = `evt_${uuidAt(Date.now())}`;
  const withIds = routes.filter((route) => route.includes(':id'));
  t.ok(withIds.length >= 2);
  for (const route of withIds) {
    const [method, path] = route.split(' ') as [string, string];
    const answerTo = async (id: string) => {
      const { status, headers, text } = await app.request(method, path.replace(':id', id), { key: partner.key, body: rows[route]?.body });
      const names = [...headers.keys()].sort();
      return { status, names, text: text.replaceAll(id, '<id>').replace(/"request_id":"[^"]*"/, '') };
    };
    const expected = await answerTo(unknown);
    t.equal(expected.status, 404, route);
    for (const id of [pending, done]) t.same(await answerTo(id), expected, route);
  }
  const { json } = await acknowledge(app, partner, [unknown, pending, done]);
  const results = json.results.map(({ index, event_id, ...rest }: Record<string, unknown>) => rest);
  t.same(results[1], results[0]);
  t.same(results[2], results[0]);
  t.equal((await app.request('GET', '/v1/inbox', { key: other.key })).json.count, 1, 'and the other loses nothing');
});
