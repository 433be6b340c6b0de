import t from 'tap';
import { insertKey, startTestApp } from '../../helper/app.ts';
import { acknowledge, type Leased, receive, seedMany, settle } from '../../helper/seed.ts';

const app = await startTestApp(t);
const partner = await app.addPartner();
const [id] = (await seedMany(app.db, partner.id, 1)) as [string];
const [{ lease_token }] = (await receive(app, partner)) as [Leased];
const row = async () => (await app.db.query('SELECT * FROM inbox WHERE id = $1', [id.slice(4)])).rows[0];

t.test('a command with a wrong body is 400, names the place, and changes nothing', async (t) => {
  const before = await row();
  const wrong: [string, unknown, string, string | undefined][] = [
    ['acknowledge', { leaseToken: lease_token }, 'unknown_field', '/leaseToken'],
    ['acknowledge', { lease_token: 1 }, 'validation_failed', '/lease_token'],
    ['acknowledge', { lease_token: null }, 'validation_failed', '/lease_token'],
    ['acknowledge', [], 'validation_failed', undefined],
    ['release', undefined, 'validation_failed', undefined],
    ['release', {}, 'validation_failed', '/lease_token'],
    ['release', { lease_token, delaySeconds: 60 }, 'unknown_field', '/delaySeconds'],
    ['release', { lease_token, delay_seconds: -1 }, 'validation_failed', '/delay_seconds'],
    ['release', { lease_token, delay_seconds: 43_201 }, 'validation_failed', '/delay_seconds'],
    ['release', { lease_token, delay_seconds: 0.5 }, 'validation_failed', '/delay_seconds'],
    ['release', { lease_token, delay_seconds: '60' }, 'validation_failed', '/delay_seconds'],
    ['reject', { lease_token, detail: 'x' }, 'unknown_field', '/detail'],
    ['reject', { lease_token, reason: 'x'.repeat(501) }, 'validation_failed', '/reason'],
    ['reject', { lease_token, reason: '' }, 'validation_failed', '/reason'],
    ['reject', { lease_token, reason: 'a\u0000b' }, 'validation_failed', '/reason'],
    ['reject', { lease_token, reason: 'a\u0001b' }, 'validation_failed', '/reason'],
    ['extend', { lease_token }, 'validation_failed', '/lease_seconds'],
    ['extend', { lease_seconds: 60 }, 'validation_failed', '/lease_token'],
    ['extend', { lease_token, lease_seconds: 4 }, 'validation_failed', '/lease_seconds'],
    ['extend', { lease_token, lease_seconds: 3_601 }, 'validation_failed', '/lease_seconds'],
    ['extend', { lease_token, lease_seconds: 60, seconds: 1 }, 'unknown_field', '/seconds'],
  ];
  for (const [what, body, code, pointer] of wrong) {
    const { status, json } = await settle(app, partner, id, what, body);
    t.same([status, json.code], [400, code], `${what} ${JSON.stringify(body)}`);
    if (pointer) t.equal(json.errors?.[0]?.pointer, pointer, `${what} ${JSON.stringify(body)}`);
  }
  t.same(await row(), before);
});

t.test('a token that is none of ours is a lost lease, whatever its text', async (t) => {
  const before = await row();
  for (const token of ['', 'x', lease_token.toUpperCase(), ` ${lease_token}`, `${lease_token},`, '\u0000', '💡', 'x'.repeat(10_000)]) {
    const { status, json } = await settle(app, partner, id, 'release', { lease_token: token });
    t.same([status, json.code], [409, 'lease_lost'], JSON.stringify(token.slice(0, 50)));
  }
  t.same(await row(), before);
});

t.test('every settlement needs the scope inbox:settle', async (t) => {
  const key = await insertKey(app.db, partner.id, partner.slug, ['events:write', 'inbox:read', 'account:read', 'account:write']);
  const before = await row();
  const asked: [string, string, unknown][] = [
    ['PATCH', `/v1/events/${id}/acknowledge`, {}],
    ['PATCH', `/v1/events/${id}/release`, { lease_token }],
    ['PATCH', `/v1/events/${id}/reject`, {}],
    ['PATCH', `/v1/events/${id}/extend`, { lease_token, lease_seconds: 60 }],
    ['POST', '/v1/inbox/settle', { acknowledge: [{ event_id: id }] }],
    ['POST', '/v1/events/acknowledge', { event_ids: [id] }],
  ];
  for (const [method, path, body] of asked) {
    const { status, json } = await app.request(method, path, { key, body });
    t.same([status, json.code], [403, 'forbidden'], `${method} ${path}`);
  }
  t.same(await row(), before);
});

t.test('reasons of 500 characters of any script come back as they were sent, of 500 events in one request', async (t) => {
  const partner = await app.addPartner();
  await seedMany(app.db, partner.id, 500);
  const events = await receive(app, partner, { max_events: 500 });
  const reasonOf = (index: number) => `${['💡', 'é', '\\', "'", ',', '\u0002', '"', 'NULL,{}'][index % 8]?.repeat(500)}`.slice(0, 500);
  const { status, json } = await app.request('POST', '/v1/inbox/settle', {
    key: partner.key,
    body: { reject: events.map(({ event_id, lease_token }, index) => ({ event_id, lease_token, reason: reasonOf(index) })) },
  });
  t.equal(status, 200, JSON.stringify(json).slice(0, 300));
  t.match(json, { settled: 500, failed: 0 });
  const { rows } = await app.db.query('SELECT detail FROM dead_letters WHERE partner_id = $1 ORDER BY id', [partner.id]);
  t.same(
    rows.map(({ detail }) => detail),
    events.map((_, index) => reasonOf(index)),
  );
});

t.test('metrics count each settlement once, repetitions and refusals not at all', async (t) => {
  const partner = await app.addPartner();
  await app.db.query('UPDATE partners SET max_deliveries = 1 WHERE id = $1', [partner.id]);
  await seedMany(app.db, partner.id, 1);
  const [last] = (await receive(app, partner)) as [Leased];
  await app.db.query('UPDATE partners SET max_deliveries = 10 WHERE id = $1', [partner.id]);
  await seedMany(app.db, partner.id, 6);
  const events = (await receive(app, partner)) as Leased[];
  const { eventsAcknowledged, leasesEnded, deadLetters } = app.app.metrics;
  const read = async () => {
    const [acknowledged] = (await eventsAcknowledged.get()).values;
    const ended = (await leasesEnded.get()).values.map(({ labels, value }) => [labels.how, value]);
    const dead = (await deadLetters.get()).values.map(({ labels, value }) => [labels.reason, value]);
    return Object.fromEntries([['acknowledged', acknowledged?.value], ...ended, ...dead]);
  };
  const before = await read();
  const item = (index: number, more = {}) => ({ event_id: events[index]?.event_id, lease_token: events[index]?.lease_token, ...more });
  const body = {
    acknowledge: [item(0), item(1), { event_id: id, lease_token: 'x' }],
    release: [item(2), { event_id: last.event_id, lease_token: last.lease_token }],
    reject: [item(3), item(4)],
    extend: [item(5, { lease_seconds: 60 })],
  };
  t.match((await app.request('POST', '/v1/inbox/settle', { key: partner.key, body })).json, { settled: 7, failed: 1 });
  const { acknowledge: acknowledged, reject } = body;
  await app.request('POST', '/v1/inbox/settle', { key: partner.key, body: { acknowledge: acknowledged, reject } });
  await acknowledge(app, partner, [acknowledged[0]?.event_id as string]);
  const after = await read();
  const grown = (what: string) => (after[what] ?? 0) - (before[what] ?? 0);
  t.same(['acknowledged', 'released', 'extended', 'rejected', 'max_deliveries_exceeded'].map(grown), [2, 1, 1, 2, 1]);
});
