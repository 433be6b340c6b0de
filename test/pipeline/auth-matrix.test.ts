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
const publicRoutes = [/^(GET|HEAD) \/docs(\/.*)?$/, /^GET \/openapi\.json$/, /^GET (\/v1)?\/health$/, /^GET \/health\/(live|ready)$/];

const app = await startTestApp(t, { AUTH_FAILURES_PER_MINUTE: 1_000_000 });
const partner = await app.addPartner();
const suspended = await app.addPartner();
await app.db.query("UPDATE partners SET status = 'suspended' WHERE id = $1", [suspended.id]);
const key = (keyScopes?: string[], expiresAt?: Date) => insertKey(app.db, partner.id, partner.slug, keyScopes, expiresAt);
const [revoked, expired, expiresSoon] = [
  await key(),
  await key(undefined, new Date(Date.now() - 1)),
  await key(undefined, new Date(Date.now() + 3_600_000)),
];
await app.db.query('UPDATE api_keys SET revoked_at = now() WHERE key_prefix = $1', [revoked.slice(0, 14 + partner.slug.length)]);
const without = new Map<Scope, string>();
for (const scope of scopes) {
  without.set(scope, await key(scopes.filter((other) => other !== scope)));
}
const swapLast = (text: string) => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');

type Sent = { headers?: OutgoingHttpHeaders; query?: string };
type Case = { send: Sent; status: number; code: string };
const refused = (send: Sent): Case => ({ send, status: 401, code: 'unauthenticated' });
const withKey = (value: string | string[]): Sent => ({ headers: { 'x-api-key': value } });

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
    suspended: { send: withKey(suspended.key), status: 403, code: 'partner_suspended' },
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

/** Sends exactly these header lines, which fetch would join or refuse. */
async function send(route: string, { headers = {}, query }: Sent): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  const [method, path] = route.split(' ') as [string, string];
  const url = `${app.url}${path.replace(':id', `evt_${uuidAt(Date.now())}`)}${query ? `?${query}` : ''}`;
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
      const { status } = await send(route, way(await key(also ? [scope, also] : [scope])));
      t.ok(status === 200 || status === 207 || status === 404, `${status}`);
    }
  });
}

t.test('unknown, mistyped, revoked and expired keys get the same bytes', async (t) => {
  const { unknown, revoked, expired, malformed, 'bad checksum': mistyped } = cases('inbox:read');
  const answers = await Promise.all(
    [unknown, revoked, expired, malformed, mistyped].map((each) => send('GET /v1/inbox', (each as Case).send)),
  );
  const bytes = answers.map(({ text, headers }) => [text.replace(/"request_id":"[^"]*"/, ''), headers['www-authenticate']]);
  for (const each of bytes) t.same(each, bytes[0]);
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
