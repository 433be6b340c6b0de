import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { postEvent, receive, settle } from '../../helper/seed.ts';

const app = await startTestApp(t);
const patch = (key: string, body: unknown) => app.request('PATCH', '/v1/account', { key, body });

t.test('a partner sees its own account: identity, limits, retention, contacts', async (t) => {
  const { key, slug } = await app.addPartner({ rate: 100, monthlyQuota: 2_592_000_000, retentionSeconds: 259_200 });
  const { status, json } = await app.request('GET', '/v1/account', { key });
  t.equal(status, 200);
  t.match(json.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.same(json, {
    partner_id: `beta_${slug}`,
    partner_name: slug,
    status: 'active',
    created_at: json.created_at,
    rate_limit_per_sec: 100,
    rate_limit_burst: 100,
    rate_limit_per_month: 2_592_000_000,
    retention_hours: 72,
    max_deliveries: 10,
    contact_email: null,
    contact_phone: null,
    slack_channel: null,
    primary_contact: null,
    backup_contact: null,
  });
});

t.test('contacts and retention can be changed alone or together; what is not named stays', async (t) => {
  const { key } = await app.addPartner();
  const before = (await app.request('GET', '/v1/account', { key })).json;
  const first = await patch(key, { contact_email: 'ops@example.com', primary_contact: 'Ana Ünal' });
  t.same([first.status, first.json], [200, { ...before, contact_email: 'ops@example.com', primary_contact: 'Ana Ünal' }]);
  const second = await patch(key, { retention_hours: 168, primary_contact: null });
  t.same(second.json, { ...before, contact_email: 'ops@example.com', retention_hours: 168 });
  t.same((await app.request('GET', '/v1/account', { key })).json, second.json);
});

t.test('retention may be 1 hour to 30 days, and nothing else', async (t) => {
  const { key } = await app.addPartner();
  for (const retention_hours of [1, 720]) t.match(await patch(key, { retention_hours }), { status: 200, json: { retention_hours } });
  for (const retention_hours of [0, 721, -1, 1.5, '72', null, 1e300]) {
    const { json } = await patch(key, { retention_hours });
    t.match(json, { status: 400, code: 'validation_failed', errors: [{ pointer: '/retention_hours' }] }, `${retention_hours}`);
  }
  t.equal((await app.request('GET', '/v1/account', { key })).json.retention_hours, 720);
});

t.test('an event may be delivered 1 to 100 times before it is a dead letter', async (t) => {
  const { key } = await app.addPartner();
  for (const max_deliveries of [1, 100]) t.match(await patch(key, { max_deliveries }), { status: 200, json: { max_deliveries } });
  for (const max_deliveries of [0, 101, -1, 1.5, '10', null]) {
    const { json } = await patch(key, { max_deliveries });
    t.match(json, { status: 400, code: 'validation_failed', errors: [{ pointer: '/max_deliveries' }] }, `${max_deliveries}`);
  }
  t.equal((await app.request('GET', '/v1/account', { key })).json.max_deliveries, 100);
});

t.test('a changed number of deliveries holds for the next lease', async (t) => {
  const partner = await app.addPartner();
  const id = await postEvent(app, partner.key);
  await patch(partner.key, { max_deliveries: 1 });
  const [leased] = await receive(app, partner);
  const released = await settle(app, partner, id, 'release', { lease_token: leased?.lease_token });
  t.match(released.json, { status: 'dead_lettered', reason: 'max_deliveries_exceeded' });
});

t.test('what a partner must not change, or what is misspelt, is 400 unknown_field', async (t) => {
  const { key } = await app.addPartner();
  for (const name of [
    'rate_limit_per_sec',
    'rate_limit_per_month',
    'status',
    'partner_id',
    'retention_seconds',
    'retentionHours',
    '__proto__',
  ]) {
    t.match((await patch(key, `{"${name}":1}`)).json, { status: 400, code: 'unknown_field', errors: [{ pointer: `/${name}` }] }, name);
  }
});

t.test('a change of nothing is 400', async (t) => {
  const { key } = await app.addPartner();
  for (const body of ['{}', 'null', '[]', undefined])
    t.match((await patch(key, body)).json, { status: 400, code: 'validation_failed' }, `${body}`);
});

t.test('a contact is text of up to 200 characters without control characters', async (t) => {
  const { key } = await app.addPartner();
  for (const name of ['contact_email', 'contact_phone', 'slack_channel', 'primary_contact', 'backup_contact']) {
    for (const value of [1, {}, 'x'.repeat(201), 'a@b\u0000', 'a@b\u001b[31m']) {
      t.match(
        (await patch(key, { [name]: value })).json,
        { status: 400, code: 'validation_failed', errors: [{ pointer: `/${name}` }] },
        `${name} ${JSON.stringify(value)}`,
      );
    }
  }
  for (const contact_email of ['', 'nobody', 'a b@c', '@', 'a@'])
    t.match((await patch(key, { contact_email })).json, { code: 'validation_failed' }, contact_email);
  t.equal((await patch(key, { slack_channel: `#${'x'.repeat(199)}` })).status, 200);
});

t.test('usage and the headers of one answer say the same of both limits', async (t) => {
  const { key } = await app.addPartner({ rate: 7, burst: 9, monthlyQuota: 50 });
  await postEvent(app, key);
  const { headers, json } = await app.request('GET', '/v1/usage', { key });
  const { burst, monthly } = json;
  const [monthlyReset] = /\d+$/.exec(headers.get('ratelimit') ?? '') ?? [];
  t.equal(
    headers.get('ratelimit'),
    `"burst";r=${burst.remaining};t=${burst.reset_seconds}, "monthly";r=${monthly.remaining};t=${monthlyReset}`,
  );
  t.match(headers.get('ratelimit-policy'), `"burst";q=${burst.limit};w=1, "monthly";q=${monthly.limit};`);
  t.ok(Math.abs(Number(monthlyReset) - monthly.reset_seconds) <= 1, 'a second may pass between the body and its headers');
});

t.test('usage shows the month, the accepted events, what is left, and every limit of the API', async (t) => {
  const { key } = await app.addPartner({ rate: 1_000, burst: 200, monthlyQuota: 50 });
  for (let count = 0; count < 3; count++) await postEvent(app, key);
  const { status, headers, json } = await app.request('GET', '/v1/usage', { key });
  t.equal(status, 200);
  const monthEnd = Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + 1, 1);
  t.match(json, {
    month: new Date().toISOString().slice(0, 7),
    events_accepted: 3,
    monthly: { limit: 50, remaining: 47 },
    burst: { limit: 200 },
  });
  t.ok(Math.abs(json.monthly.reset_seconds - (monthEnd - Date.now()) / 1000) < 10);
  t.equal(`${json.burst.remaining}`, headers.get('x-ratelimit-remaining'));
  t.equal(`${json.burst.reset_seconds}`, headers.get('x-ratelimit-reset'));
  t.match(json.limits, {
    event_bytes: 262_144,
    batch_bytes: 4_194_304,
    batch_events: 500,
    json_depth: 64,
    inbox_page_events: 500,
    inbox_page_bytes: 4_194_304,
    inbox_wait_seconds: 30,
    inbox_waits_at_once: 10,
    event_type_filters: 20,
    acknowledge_events: 500,
    idempotency_key_characters: 255,
    metadata_pairs: 16,
    metadata_value_bytes: 1_024,
    retention_min_seconds: 3_600,
    retention_max_seconds: 2_592_000,
    retention_default_seconds: 259_200,
    events_page_events: 500,
    events_page_bytes: 4_194_304,
    deliveries_min: 1,
    deliveries_max: 100,
    deliveries_default: 10,
    lease_min_seconds: 5,
    lease_max_seconds: 3_600,
    lease_seconds_in_all: 43_200,
    leases_at_once: 10_000,
    release_delay_max_seconds: 43_200,
  });
  const { json: fresh } = await app.request('GET', '/v1/account', { key: (await app.addPartner()).key });
  t.equal(fresh.max_deliveries, json.limits.deliveries_default);
});
