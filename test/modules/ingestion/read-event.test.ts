import fc from 'fast-check';
import t from 'tap';
import { ReadEvent, readBatch, readEvent } from '../../../src/modules/ingestion/read-event.ts';
import { withPlainNames } from '../../../src/pipeline/json-spans.ts';
import { textOf } from '../../../src/platform/byte-span.ts';
import { jsonObject } from '../../pipeline/json-text.ts';

type Known = 'event_type' | 'timestamp' | 'payload' | 'idempotency_key' | 'metadata';
const known: Known[] = ['event_type', 'timestamp', 'payload', 'idempotency_key', 'metadata'];
/** JSON.parse, with names in their plain spelling: V8 13.6 may take an escaped one for another; see withPlainNames. */
const parse = (text: string) => JSON.parse(withPlainNames(text));
const read = (text: string) => readEvent(Buffer.from(text));
const readAll = (text: string) => readBatch(Buffer.from(text));

/** What an event says, with the payload as its text says it. */
function saidBy(event: ReadEvent): Record<string, unknown> {
  const isObject = event.payload !== null && typeof event.payload === 'object' && !Array.isArray(event.payload);
  const payload = isObject ? parse(textOf(event.payloadBytes)) : event.payload;
  const { event_type, timestamp, idempotency_key, metadata } = event;
  return Object.fromEntries(
    Object.entries({ event_type, timestamp, payload, idempotency_key, metadata }).filter(([, value]) => value !== undefined),
  );
}

/** The members that count of what JSON.parse reads. */
function parsed(text: string): Record<string, unknown> {
  const value = parse(text) as Record<string, unknown>;
  return Object.fromEntries(known.filter((name) => Object.hasOwn(value, name)).map((name) => [name, value[name]]));
}

const name = fc.constantFrom(...known, 'payloads', 'event-type', 'time', '__proto__', 'constructor', 'specversions', '');
const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('order.created', '2026-01-01T00:00:00Z', 'a\\b"c', '\u0000'));
const value = fc.oneof(
  fc.jsonValue().map((each) => JSON.stringify(each)),
  text.map((each) => JSON.stringify(each)),
  jsonObject.map((each) => each.text),
);
const space = fc.constantFrom('', ' ', '\r\n\t');
const members = fc.array(fc.tuple(name, value, space), { minLength: 1, maxLength: 7 });
const writtenEvent = fc
  .tuple(members, space)
  .map(([all, around]) => `{${all.map(([key, json, gap]) => `${gap}${JSON.stringify(key)}${gap}:${json}${gap}`).join(',')}}${around}`)
  // Half a character is no UTF-8.
  .filter((json) => json.isWellFormed());

t.test('for any object: the members that count are what JSON.parse reads, payload and metadata as they were written', async (t) => {
  const property = fc.property(writtenEvent, (json) => {
    const event = read(json);
    if (!event) return false;
    if (event.metadataText !== null) t.same(parse(event.metadataText), event.metadata);
    t.strictSame(saidBy(event), parsed(json));
    return event.size === Buffer.byteLength(json.trimEnd());
  });
  fc.assert(property, { numRuns: 3_000 });
});

t.test('for any batch: the same of each event, in order, in both forms', async (t) => {
  const property = fc.property(fc.array(writtenEvent, { minLength: 1, maxLength: 5 }), fc.boolean(), (events, bare) => {
    const list = `[${events.join(',')}]`;
    const batch = readAll(bare ? list : ` {"events" : ${list} }\n`);
    if (batch?.pointer !== (bare ? '' : '/events')) return false;
    t.strictSame(batch.events.map(saidBy), events.map(parsed));
    return batch.events.every(({ size }, index) => size === Buffer.byteLength((events[index] as string).trimEnd()));
  });
  fc.assert(property, { numRuns: 1_000 });
});

t.test('metadata may be spelled with escapes, names as well as values', async (t) => {
  const json = '{"event_type":"a","payload":{},"metadata":{"\\u0061":"K\\u00f6ln","b":"c"}}';
  const event = read(json) as ReadEvent;
  t.same(event.metadata, { a: 'Köln', b: 'c' });
  t.equal(event.metadataText, '{"\\u0061":"K\\u00f6ln","b":"c"}');
});

t.test('of a repeated member the last counts', async (t) => {
  const event = read(
    '{"payload":{"v":1},"metadata":{"a":"b"},"event_type":"a","payload":{"v":2},"event_type":"b","metadata":{}}',
  ) as ReadEvent;
  t.same(saidBy(event), { event_type: 'b', payload: { v: 2 }, metadata: {} });
  t.equal(event.metadataText, '{}');
});

t.test('what is not as usual is left to JSON.parse', async (t) => {
  const event = '{"event_type":"a","payload":{}}';
  const nested = (levels: number) => `{"payload":${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}}`;
  const unusual: Record<string, string | Buffer> = {
    'nothing at all': '',
    'no object': '[]',
    'an empty object': '{}',
    'a name with an escape': '{"event_type":"a","p\\u0061yload":{}}',
    'a CloudEvent': '{"specversion":"1.0","id":"1"}',
    'no end': event.slice(0, -1),
    'more than an end': `${event}}`,
    'a payload that is no JSON': '{"event_type":"a","payload":{a:1}}',
    'a member that is no JSON': '{"event_type":"a","payload":{},"more":01}',
    'no UTF-8': Buffer.from([...Buffer.from('{"event_type":"'), 0xff, ...Buffer.from('","payload":{}}')]),
    'too many levels': nested(64),
  };
  for (const [what, body] of Object.entries(unusual)) t.equal(readEvent(Buffer.from(body as string)), undefined, what);
  t.ok(read(nested(63)), 'with its own level it has as many as may be');
  const batches = [
    '[]',
    '{"events":[]}',
    '{"events":{}}',
    `{"more":1,"events":[${event}]}`,
    `{"events":[${event}],"more":1}`,
    `[${event},5]`,
    `[${event},]`,
  ];
  for (const body of [...batches, `[${event}`, `[${event}]]`, '{', '{"events"', '5', `[${Array(501).fill(event).join(',')}]`])
    t.equal(readAll(body), undefined, body.slice(0, 60));
  t.equal(readAll(`[${Array(500).fill(event).join(',')}]`)?.events.length, 500);
});

t.test('an event that JSON.parse has read is the same', async (t) => {
  const json = '{"metadata":{"\\u0061":"b"},"event_type":"a","payload":{"n":1.0}}';
  const span = (part: string) => ({ start: json.indexOf(part), end: json.indexOf(part) + part.length });
  const event = ReadEvent.of(JSON.parse(json), json, [span('{"n":1.0}'), span('{"\\u0061":"b"}')]);
  t.same(saidBy(event), { metadata: { a: 'b' }, event_type: 'a', payload: { n: 1 } });
  t.equal(textOf(event.payloadBytes), '{"n":1.0}');
  t.equal(event.metadataText, '{"\\u0061":"b"}');
  t.same(saidBy(ReadEvent.of({}, '{}', [undefined, undefined])), {});
});
