import fc from 'fast-check';
import t from 'tap';
import { cloudEventJson } from '../../../src/modules/inbox/cloud-events.ts';
import { cloudEventRow, dataMembers, keyOf, structuredEvent } from '../../../src/modules/ingestion/cloud-events.ts';
import { decodeValue } from '../../../src/modules/ingestion/cloud-events-headers.ts';
import { objectMembers } from '../../../src/pipeline/json-spans.ts';
import { textOf } from '../../../src/platform/byte-span.ts';

const id = '01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a';
const coreNames = [
  'specversion',
  'id',
  'source',
  'type',
  'time',
  'subject',
  'dataschema',
  'datacontenttype',
  'data',
  'traceparent',
  'triggersid',
];

/** Texts that CloudEvents allow. */
const text = fc.string({ unit: 'binary' }).filter((value) => !/[\p{Cc}\p{Cs}\p{NChar}]/u.test(value));
const name = fc.stringMatching(/^[a-z0-9]{1,20}$/).filter((value) => !coreNames.includes(value));
const extension = fc.oneof(text, fc.boolean(), fc.integer());
const data = fc.oneof(
  fc.record({ data: fc.jsonValue() }),
  fc.record({ data_base64: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')) }),
  fc.constant({}),
);
const event = fc
  .tuple(
    fc.record({
      specversion: fc.constant('1.0'),
      id: text.filter((value) => value !== ''),
      source: fc.webUrl({ withQueryParameters: true, withFragments: true }),
      type: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,254}$/),
    }),
    fc.record(
      {
        time: fc.date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true }).map((date) => date.toISOString()),
        subject: text.filter((value) => value !== ''),
        datacontenttype: fc.constantFrom('application/json', 'text/plain; charset="utf-8"'),
      },
      { requiredKeys: [] },
    ),
    fc.dictionary(name, extension, { noNullPrototype: true }),
    data,
  )
  .map(([required, optional, extensions, data]) => ({ ...extensions, ...data, ...optional, ...required }));

t.test('any event comes out with the attributes and the data that it had, in whatever spelling its JSON came', async (t) => {
  fc.assert(
    fc.property(event, fc.constantFrom(undefined, 1, '\t'), (event, space) => {
      const json = JSON.stringify(event, undefined, space);
      const { spans } = objectMembers(json, 0, dataMembers);
      const cloudEvent = structuredEvent(JSON.parse(json), json, spans, '');
      const principal = { partnerId: 1 } as never;
      const row = cloudEventRow(cloudEvent, {
        principal,
        id,
        idempotencyKey: keyOf(cloudEvent),
        traceParent: null,
      });
      const payload = textOf(row.payload);
      const out = cloudEventJson(row.id + row.attributes + payload, 'acme');
      t.same(JSON.parse(out), { ...event, triggersid: `evt_${id}` });
      for (const span of spans) if (span) t.ok(out.endsWith(`:${json.slice(span.start, span.end)}}`), 'the bytes of the data');
      t.ok(JSON.parse(payload) instanceof Object && !Array.isArray(JSON.parse(payload)), 'a payload is an object');
    }),
    { numRuns: 300 },
  );
});

t.test('any text survives the encoding of the HTTP binding, as little as it must be or as much as it can be', async (t) => {
  const encodeAll = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const encode = (text: string) => text.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) => encodeAll(character).toUpperCase());
  fc.assert(
    fc.property(text, (text) => {
      t.equal(decodeValue(encode(text)), text);
      t.equal(decodeValue(encodeAll(text)), text);
    }),
    { numRuns: 300 },
  );
});
