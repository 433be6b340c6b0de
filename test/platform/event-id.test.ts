import t from 'tap';
import { createIdGenerator, idFloor, parseEventId, receivedAtMs } from '../../src/platform/event-id.ts';

const clockOf = (...times: number[]) => {
  let last = times[0] as number;
  return () => {
    last = times.shift() ?? last;
    return last;
  };
};
const start = Date.parse('2026-11-24T10:30:00.123Z');
/** RFC 9562: 48 bits of milliseconds, version 7, 12 bits, variant 10, 62 bits; lower-case hexadecimal. */
const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const isGrowing = (ids: string[]) => ids.every((id, index) => index === 0 || id > (ids[index - 1] as string));

t.test('an id has the layout of RFC 9562’s version 7, with the milliseconds in front', async (t) => {
  const nextId = createIdGenerator(() => start);
  for (let i = 0; i < 2_000; i++) {
    const id = nextId();
    if (!uuidv7.test(id) || receivedAtMs(id) !== start) t.fail(`not a UUIDv7 of its time: ${id}`);
  }
  const id = createIdGenerator(() => start)();
  t.match(id, uuidv7);
  t.equal(Number.parseInt(id.slice(0, 13).replace('-', ''), 16), start);
});

t.test('all four variants and different random parts occur', async (t) => {
  const nextId = createIdGenerator(() => start);
  const ids = Array.from({ length: 2_000 }, nextId);
  t.same(new Set(ids.map((id) => id[19])), new Set(['8', '9', 'a', 'b']));
  t.equal(new Set(ids.map((id) => id.slice(20))).size, 2_000);
  const bits = ids.map((id) => BigInt(`0x${id.slice(20).replace('-', '')}`));
  t.equal(
    bits.reduce((all, each) => all | each),
    (1n << 60n) - 1n,
    'no bit is always 0',
  );
  t.equal(
    bits.reduce((all, each) => all & each),
    0n,
    'no bit is always 1',
  );
});

t.test('ids only grow within a millisecond, also when its 4,096 are used up', async (t) => {
  const nextId = createIdGenerator(() => start);
  const ids = Array.from({ length: 10_000 }, nextId);
  t.ok(isGrowing(ids));
  t.equal(receivedAtMs(ids[4_095] as string), start, 'the whole counter is used');
  t.equal(receivedAtMs(ids[4_096] as string), start + 1);
  t.ok(receivedAtMs(ids.at(-1) as string) <= start + 3, 'time runs ahead by no more than it must');
});

t.test('ids only grow when the clock steps back, and time is not invented meanwhile', async (t) => {
  const nextId = createIdGenerator(clockOf(start, start + 5, start - 3_600_000, start - 1, start + 5, start + 6));
  const ids = Array.from({ length: 6 }, nextId);
  t.ok(isGrowing(ids));
  t.same(
    ids.map((id) => receivedAtMs(id) - start),
    [0, 5, 5, 5, 5, 6],
  );
});

t.test('two generators never make the same id', async (t) => {
  const generators = [createIdGenerator(() => start), createIdGenerator(() => start)] as const;
  const ids = Array.from({ length: 4_000 }, (_, index) => (generators[index % 2] as () => string)());
  t.equal(new Set(ids).size, 4_000);
});

t.test('a public id is evt_ and a UUIDv7, and nothing else is taken for one', async (t) => {
  const id = createIdGenerator(() => start)();
  t.equal(parseEventId(`evt_${id}`), id);
  const wrong = [
    id,
    `evt-${id}`,
    `evt_${id.toUpperCase()}`,
    `EVT_${id}`,
    `evt_${id} `,
    `evt_${id}\n`,
    `evt_${id.replaceAll('-', '')}`,
    `evt_{${id}}`,
    'evt_00000000-0000-4000-8000-000000000000',
    'evt_00000000-0000-7000-c000-000000000000',
    'evt_',
    '',
  ];
  for (const text of wrong) t.equal(parseEventId(text), undefined, JSON.stringify(text));
});

t.test('the floor of a millisecond is its smallest id', async (t) => {
  const [before, at] = [createIdGenerator(() => start - 1)(), createIdGenerator(() => start)()];
  t.ok(before < idFloor(start));
  t.ok(idFloor(start) <= at);
  t.match(idFloor(start), uuidv7);
  t.equal(receivedAtMs(idFloor(start)), start);
  t.equal(idFloor(-1), idFloor(0), 'a time before 1970 has the smallest id of all');
});
