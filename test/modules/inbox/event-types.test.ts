import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { poll, postEvent, seedEvents, uuidAt, walk } from '../../helper/seed.ts';

const app = await startTestApp(t);
const types = [
  'order',
  'order.',
  'order.created',
  'order.created.eu',
  'orders.created',
  'ordeR.created',
  'a_b.x',
  'aXb.x',
  'a_b',
  'a:b/c-d.x',
  '_.x',
];

async function typesShown(filter: string): Promise<string[]> {
  const { json } = await poll(app, partner, `limit=500&event_type=${encodeURIComponent(filter)}`);
  return json.events.map((event: { event_type: string }) => event.event_type);
}

const partner = await app.addPartner();
for (const event_type of types) await postEvent(app, partner.key, { event_type });

t.test('a whole name shows that type alone', async (t) => {
  for (const type of types) t.same(await typesShown(type), [type]);
});

t.test('name.* shows every type that begins with name and a dot', async (t) => {
  t.same(await typesShown('order.*'), ['order.', 'order.created', 'order.created.eu']);
  t.same(await typesShown('order.created.*'), ['order.created.eu']);
  t.same(await typesShown('orde.*'), []);
});

t.test('_ in a name is taken literally, and % is in no name', async (t) => {
  t.same(await typesShown('a_b.*'), ['a_b.x']);
  t.same(await typesShown('_.*'), ['_.x']);
  t.same(await typesShown('a_b'), ['a_b']);
  t.equal((await app.request('GET', '/v1/inbox?event_type=a%25.*', { key: partner.key })).json.code, 'invalid_parameter');
});

t.test('several names and prefixes together show what any of them would, once, oldest first', async (t) => {
  t.same(await typesShown('a_b,order.*,order.created,orders.created'), [
    'order.',
    'order.created',
    'order.created.eu',
    'orders.created',
    'a_b',
  ]);
});

t.test('has_more, limit and cursor count the events of the filter only', async (t) => {
  const many = await app.addPartner();
  const now = Date.now();
  await seedEvents(
    app.db,
    many.id,
    Array.from({ length: 90 }, (_, index) => ({ id: uuidAt(now - 100 + index), type: index % 9 === 0 ? 'rare.x' : 'usual' })),
  );
  const pages = await walk(app, many, 'limit=4&event_type=rare.*');
  t.same(
    pages.map(({ json }) => [json.count, json.has_more]),
    [
      [4, true],
      [4, true],
      [2, false],
    ],
  );
  t.match((await poll(app, many, 'limit=10&event_type=rare.x')).json, { count: 10, has_more: false, next_cursor: null });
});
