import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { STATUS_CODES } from 'node:http';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import t from 'tap';
import { type Answer, type RequestOptions, startTestApp } from '../helper/app.ts';
import { until } from '../helper/until.ts';
import { entriesOf, isSeenAs } from './entries.ts';

/** Entries that nothing here provokes, each with the reason. */
const notProvoked = new Map([['zsh: no matches found', 'is what a shell says that may not be installed; no request is made']]);

const entries = entriesOf(await readFile(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8'));
const { url, db, clock, addPartner, request } = await startTestApp(t, {
  MAX_QUEUED_ROWS: 8,
  TRUST_PROXY_HOPS: 1,
  AUTH_FAILURES_PER_MINUTE: 5,
});
const { key } = await addPartner();
const event = { event_type: 'order.created', payload: { n: 1 } };

/** What a reader sees who looks at an answer with `curl -i`: the status and the body. */
async function ask(method: string, path: string, options: RequestOptions = {}): Promise<string> {
  return seen(await request(method, path, { key, ...options }));
}
const seen = ({ status, text }: Answer) => `HTTP/1.1 ${status} ${STATUS_CODES[status]}\n${text}`;
const post = (body: unknown, options: RequestOptions = {}) => ask('POST', '/v1/events', { body, ...options });

async function stored(owner = key): Promise<string> {
  return (await request('POST', '/v1/events', { key: owner, body: event })).json.event_id;
}

async function leased(owner: string) {
  return (await request('POST', '/v1/inbox/receive', { key: owner, body: { max_events: 1 } })).json.events[0];
}

/** What a program prints that ends with an error. */
async function failing(program: string, args: string[]): Promise<string> {
  return promisify(execFile)(program, args, { env: { ...process.env, API_URL: url } }).then(
    () => '',
    (error: { stderr: string }) => error.stderr,
  );
}

const provocations: Record<string, () => Promise<string>> = {
  '401 `unauthenticated`': () => ask('GET', '/v1/inbox', { key: 'wrong' }),
  '403 `forbidden`: a scope is missing': async () => ask('GET', '/v1/inbox', { key: (await addPartner({ scopes: ['events:write'] })).key }),
  '403 `forbidden`: from this address': async () => {
    const partner = await addPartner();
    await db.query(`UPDATE api_keys SET allowed_cidrs = '{203.0.113.0/24}' WHERE partner_id = $1`, [partner.id]);
    return ask('GET', '/v1/inbox', { key: partner.key });
  },
  '403 `partner_suspended`': async () => {
    const partner = await addPartner();
    await db.query(`UPDATE partners SET status = 'suspended' WHERE id = $1`, [partner.id]);
    return ask('GET', '/v1/inbox', { key: partner.key });
  },
  '403 `forbidden`: the key was rotated before': async () => {
    const partner = await addPartner();
    const rotate = () => ask('POST', '/v1/keys/rotate', { key: partner.key, body: { grace_seconds: 3600 } });
    await rotate();
    return rotate();
  },
  '400 `invalid_json`': () => post(`{'event_type':'order.created'}`),
  '400 `validation_failed`: is required': () => post({ event_type: 'order.created' }),
  '400 `validation_failed`: must match pattern': () => post({ event_type: 'order created', payload: {} }),
  '400 `validation_failed`: must match format "date-time"': () => post({ ...event, timestamp: '2026-12-01T10:30:00.123456' }),
  '415 `unsupported_media_type`': () => post('{}', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
  '413 `payload_too_large`': () => post({ event_type: 'a', payload: { text: 'x'.repeat(300_000) } }),
  '207, and some events are missing': () => ask('POST', '/v1/events/batch', { body: { events: [event, { event_type: 'order.created' }] } }),
  '422 `idempotency_key_reused`': async () => {
    const headers = { 'idempotency-key': 'order-1001' };
    await post(event, { headers });
    return post({ ...event, payload: { n: 2 } }, { headers });
  },
  '200, and nothing new is in the inbox': async () => {
    const headers = { 'idempotency-key': 'order-1002-created' };
    await post(event, { headers });
    return post(event, { headers });
  },
  '429 `rate_limited`': async () => {
    const slow = await addPartner({ rate: 1 });
    return until('the bucket is empty', async () => {
      const answer = await request('GET', '/v1/usage', { key: slow.key });
      return answer.status === 429 ? seen(answer) : undefined;
    });
  },
  '429 `rate_limited`: too many failed authentications': () =>
    until('the address has failed too often', async () => {
      // From an address of its own, so that no other request here shares its failures.
      const answer = await request('GET', '/v1/usage', { key: 'wrong', headers: { 'x-forwarded-for': '203.0.113.7' } });
      return answer.status === 429 ? seen(answer) : undefined;
    }),
  '429 `quota_exceeded`': async () => {
    const small = await addPartner({ monthlyQuota: 1 });
    await stored(small.key);
    return post(event, { key: small.key });
  },
  '429 `too_many_waits`': async () => {
    const waiting = await addPartner();
    const leaving = new AbortController();
    const waits = Array.from({ length: 10 }, () =>
      request('GET', '/v1/inbox?wait=30', { key: waiting.key, signal: leaving.signal }).catch(() => {}),
    );
    const answer = await until('ten waits are open', async () => {
      const eleventh = await request('GET', '/v1/inbox?wait=1', { key: waiting.key });
      return eleventh.status === 429 ? seen(eleventh) : undefined;
    });
    leaving.abort();
    await Promise.all(waits);
    return answer;
  },
  '200, and the inbox is empty': async () => {
    const forgetful = await addPartner();
    await stored(forgetful.key);
    clock.shiftMs = 72 * 3_600_000 + 1_000;
    const answer = await ask('GET', '/v1/inbox', { key: forgetful.key });
    clock.shiftMs = 0;
    return answer;
  },
  'The same event comes again': async () => {
    const worker = await addPartner();
    const id = await stored(worker.key);
    const { lease_token } = await leased(worker.key);
    await request('PATCH', `/v1/events/${id}/release`, { key: worker.key, body: { lease_token } });
    return JSON.stringify(await leased(worker.key));
  },
  '404 `event_not_found`': () => ask('PATCH', '/v1/events/evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a/acknowledge'),
  '409 `lease_lost`': async () => {
    const worker = await addPartner();
    const id = await stored(worker.key);
    const { lease_token } = await leased(worker.key);
    await request('PATCH', `/v1/events/${id}/release`, { key: worker.key, body: { lease_token } });
    await leased(worker.key);
    return ask('PATCH', `/v1/events/${id}/acknowledge`, { key: worker.key, body: { lease_token } });
  },
  '400 `unknown_field`': () => ask('POST', '/v1/inbox/receive', { body: { maxEvents: 5 } }),
  '400 `invalid_parameter`': () => ask('GET', '/v1/inbox?limit=1000'),
  '400 `invalid_cursor`': () => ask('GET', '/v1/inbox?cursor=abc'),
  '404 `route_not_found`': () => ask('GET', '/v1/inbox/'),
  '405 `method_not_allowed`': () => ask('POST', '/v1/events/evt_1/acknowledge'),
  '503 `unavailable`': async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => request('POST', '/v1/events', { key, body: event })));
    return seen(answers.find(({ status }) => status === 503) as Answer);
  },
  '500 `internal`': async () => {
    await db.query('ALTER TABLE dead_letters RENAME TO mislaid');
    const answer = await ask('GET', '/v1/dead-letters');
    await db.query('ALTER TABLE mislaid RENAME TO dead_letters');
    return answer;
  },
  'curl: (6) Could not resolve host': () => failing('curl', ['-sS', 'http://api.example.invalid/v1/health']),
  'curl: (7) Failed to connect': async () => failing('curl', ['-sS', `http://127.0.0.1:${await closedPort()}/v1/health`]),
  'curl: (35) SSL routines': () => failing('curl', ['-sS', `${url.replace('http:', 'https:')}/v1/health`]),
  'curl: (28) Operation timed out': async () => {
    const idle = await addPartner();
    return failing('curl', ['-sS', '-m', '0.5', '-H', `X-API-Key: ${idle.key}`, `${url}/v1/inbox?wait=20`]);
  },
  'Python: HTTP Error 401: Unauthorized': () =>
    failing('python3', ['-c', 'import os, urllib.request; urllib.request.urlopen(os.environ["API_URL"] + "/v1/inbox")']),
  'Node: TypeError: fetch failed': async () => `${await fetch(`http://127.0.0.1:${await closedPort()}/`).catch(String)}`,
};

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

for (const { heading, shown } of entries) {
  const provoke = provocations[heading];
  if (!provoke) continue;
  t.test(`${heading}: what the page shows is what one sees`, async (t) => {
    const text = await provoke();
    t.ok(isSeenAs(text, shown), `the page shows\n${shown}\nand one sees\n${text}`);
  });
}

t.test('every entry starts from what one sees, says why and what to do, and is provoked here', (t) => {
  t.ok(entries.length >= 15, `${entries.length} entries`);
  for (const { heading, shown, text } of entries) {
    t.ok(shown, `${heading}: what one sees`);
    t.match(text, /\*\*Why\.\*\* [\s\S]+\*\*What to do\.\*\* /, heading);
  }
  t.same(
    entries.map(({ heading }) => heading).filter((heading) => !(heading in provocations) && !notProvoked.has(heading)),
    [],
    'provoked, or named with the reason why not',
  );
  const there = new Set(entries.map(({ heading }) => heading));
  t.same(
    [...Object.keys(provocations), ...notProvoked.keys()].filter((heading) => !there.has(heading)),
    [],
    'nothing is provoked for an entry that is not there',
  );
  t.end();
});
