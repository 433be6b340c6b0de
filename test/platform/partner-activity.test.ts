import t from 'tap';
import { createMetrics } from '../../src/platform/metrics.ts';
import { type EventOutcome, PartnerActivity } from '../../src/platform/partner-activity.ts';
import { startTestApp } from '../helper/app.ts';
import { acknowledge, poll } from '../helper/seed.ts';

const partner = (partnerId: number) => ({ partnerId, slug: `p${partnerId}` });

/** The value of each series of a metric, by its labels but for the version. */
async function series(metrics: ReturnType<typeof createMetrics>, name: string): Promise<Record<string, number>> {
  const metric = await metrics.registry.getSingleMetric(name)?.get();
  const values = metric?.values ?? [];
  return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
}

t.test('events and answers are counted by partner, and the last event has its time', async (t) => {
  const metrics = createMetrics('x');
  const clock = { ms: 5_000 };
  const activity = new PartnerActivity(() => clock.ms);
  activity.watch(metrics);
  activity.events(partner(1), 'accepted', 3);
  clock.ms = 9_000;
  activity.events(partner(2), 'duplicate', 1);
  activity.events(partner(1), 'delivered', 2);
  activity.events(partner(1), 'failed', 0);
  for (const status of [200, 207, 304, 400, 429, 429, 500, 503]) activity.answered(partner(1), status);
  t.same(await series(metrics, 'partner_events_total'), { 'p1 accepted': 3, 'p1 delivered': 2, 'p2 duplicate': 1 });
  t.same(await series(metrics, 'partner_requests_total'), { 'p1 2xx': 3, 'p1 4xx': 1, 'p1 429': 2, 'p1 5xx': 2 });
  t.same(
    await series(metrics, 'partner_last_event_timestamp_seconds'),
    { p1: 5, p2: 9 },
    'a delivery or a failure is no event of the partner',
  );
});

t.test('what has not happened yet is told as 0, so that its first time is seen as growth', async (t) => {
  const metrics = createMetrics('x');
  new PartnerActivity(Date.now).watch(metrics);
  t.same(await series(metrics, 'events_ingested_total'), { accepted: 0, duplicate: 0, failed: 0 });
  t.same(await series(metrics, 'events_delivered_total'), { '': 0 });
  t.same(await series(metrics, 'events_acknowledged_total'), { '': 0 });
});

t.test('a second scrape tells the same, and not twice as much', async (t) => {
  const metrics = createMetrics('x');
  const activity = new PartnerActivity(Date.now);
  activity.watch(metrics);
  activity.events(partner(1), 'accepted', 3);
  await Promise.all([metrics.registry.metrics(), metrics.registry.metrics()]);
  t.same(await series(metrics, 'partner_events_total'), { 'p1 accepted': 3 });
  t.same(await series(metrics, 'events_ingested_total'), { accepted: 3, duplicate: 0, failed: 0 });
});

t.test('the first 200 partners have figures of their own, and all others share them', async (t) => {
  const metrics = createMetrics('x');
  const activity = new PartnerActivity(() => 1_000);
  activity.watch(metrics);
  const outcomes: EventOutcome[] = ['accepted', 'duplicate', 'failed', 'delivered', 'acknowledged'];
  for (let id = 1; id <= 5_000; id++) {
    for (const outcome of outcomes) activity.events(partner(id), outcome, 1);
    for (const status of [200, 400, 429, 500]) activity.answered(partner(id), status);
  }
  activity.events(partner(7), 'accepted', 1);
  const events = await series(metrics, 'partner_events_total');
  t.equal(Object.keys(events).length, 201 * 5);
  t.match(events, { 'p7 accepted': 2, 'p200 accepted': 1, 'other accepted': 4_800 });
  t.notOk('p201 accepted' in events);
  t.same(
    await series(metrics, 'events_ingested_total'),
    { accepted: 5_001, duplicate: 5_000, failed: 5_000 },
    'the totals are those of all partners, shown or not',
  );
  t.same(await series(metrics, 'events_delivered_total'), { '': 5_000 });
  t.same(await series(metrics, 'events_acknowledged_total'), { '': 5_000 });
  t.equal(Object.keys(await series(metrics, 'partner_requests_total')).length, 201 * 4);
  t.equal(Object.keys(await series(metrics, 'partner_last_event_timestamp_seconds')).length, 200);
});

t.test('the routes tell what a partner does: sent, delivered, acknowledged, by polls and by leases', async (t) => {
  const app = await startTestApp(t);
  const { key, slug } = await app.addPartner();
  const quiet = await app.addPartner();
  const event = { event_type: 'x', payload: {} };
  const before = Math.floor(Date.now() / 1000);
  await app.request('POST', '/v1/events', { key, body: { ...event, idempotency_key: 'one' } });
  await app.request('POST', '/v1/events', { key, body: { ...event, idempotency_key: 'one' } });
  await app.request('POST', '/v1/events/batch', { key, body: [event, event, {}] });
  const { json } = await poll(app, { key });
  const ids: string[] = json.events.map(({ event_id }: { event_id: string }) => event_id);
  await acknowledge(app, { key }, ids.slice(0, 1));
  await acknowledge(app, { key }, ids.slice(0, 1));
  const received = await app.request('POST', '/v1/inbox/receive', { key, body: { max_events: 1, lease_seconds: 30 } });
  t.equal(received.json.count, 1);
  await app.request('GET', '/v1/account', { key: quiet.key });
  const { metrics } = app.app;
  t.same(await series(metrics, 'partner_events_total'), {
    [`${slug} accepted`]: 3,
    [`${slug} duplicate`]: 1,
    [`${slug} failed`]: 1,
    [`${slug} delivered`]: 4,
    [`${slug} acknowledged`]: 1,
  });
  const last = await series(metrics, 'partner_last_event_timestamp_seconds');
  t.same(Object.keys(last), [slug]);
  t.ok((last[slug] as number) >= before && (last[slug] as number) <= Date.now() / 1000);
});
