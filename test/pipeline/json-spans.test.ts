import fc from 'fast-check';
import t from 'tap';
import {
  arrayItems,
  exceedsDepth,
  itemsOfMember,
  objectMembers,
  type Span,
  skipSpace,
  withPlainNames,
} from '../../src/pipeline/json-spans.ts';
import { jsonArray, jsonObject } from './json-text.ts';

const cut = (text: string, span: Span | undefined) => span && text.slice(span.start, span.end);
const tooDeep = (text: string, limit: number) => exceedsDepth(Buffer.from(text), limit);
const member = (text: string, name: string) => cut(text, objectMembers(text, skipSpace(text, 0), [name]).spans[0]);

t.test('the span of a member is its value as it was written', async (t) => {
  const values = [
    '{}',
    '{"b":1.0, "a":9007199254740993}',
    '{ "deep" : [ { "x" : "}" } , "]" ] }',
    '{"quote":"\\"","backslash":"\\\\","both":"\\\\\\""}',
    '{"\\u0000":"\\ud800"}',
    '{\r\n\t"a": 1\n}',
  ];
  for (const value of values) {
    t.equal(member(`{"payload":${value}}`, 'payload'), value);
    t.equal(member(` { "x" : [{"payload":1}] , "payload"\n:\t${value} , "y" : "payload" } `, 'payload'), value);
  }
  t.equal(member('{"a":1}', 'payload'), undefined);
});

t.test('of a repeated member the last counts, and a name spelled with escapes is the name it spells', async (t) => {
  t.equal(member('{"payload":{"v":1},"payload":{"v":2}}', 'payload'), '{"v":2}');
  t.equal(member('{"payload":{"v":1},"p\\u0061yload":{"v":2}}', 'payload'), '{"v":2}');
  t.equal(member('{"\\u0070ayload":{"v":1},"payloads":{"v":2}}', 'payload'), '{"v":1}');
  t.equal(member('{"\\\\u0070ayload":{"v":1}}', 'payload'), undefined);
  t.equal(member('{"payload\\"":{"v":1}}', 'payload'), undefined);
});

t.test('for any object, the span of every member is the text of its last value', async (t) => {
  const property = fc.property(jsonObject, ({ text, members }) => {
    const { end, spans } = objectMembers(text, 0, [...members.keys()]);
    return end === text.length && [...members.values()].every((value, index) => cut(text, spans[index]) === value);
  });
  fc.assert(property, { numRuns: 2_000 });
  t.pass('2,000 objects');
});

t.test('for any array, the spans are the texts of its elements, in order', async (t) => {
  const property = fc.property(jsonArray, ({ text, elements }) => {
    const { end, items } = arrayItems(text, 0, []);
    return end === text.length && items.length === elements.length && items.every((item, index) => cut(text, item) === elements[index]);
  });
  fc.assert(property, { numRuns: 2_000 });
  t.pass('2,000 arrays');
});

t.test('the items of a member are found with their own members, of its last value alone', async (t) => {
  const found = (text: string) =>
    itemsOfMember(text, 0, 'events', ['payload', 'metadata']).map((item) => item.members.map((span) => cut(text, span)));
  t.same(found('{"x":[{"payload":0}], "events" : [ {"payload":{"a":[1]},"metadata":{}} , 5, {"m":1,"payload":"]"} ],"y":{}}'), [
    ['{"a":[1]}', '{}'],
    [],
    ['"]"', undefined],
  ]);
  t.same(found('{"events":[{"payload":1},{"payload":2}],"\\u0065vents":[{"payload":3}]}'), [['3', undefined]]);
  t.same(found('{"x":[{"payload":1}]}'), []);
});

t.test('a text that is no array or object ends the search and does not hang it', async (t) => {
  for (const text of ['5', '"x"', '[1', '{"a":1', '']) {
    t.ok(arrayItems(text, 0, ['a']).items.length <= 2);
    t.equal(objectMembers(text, 0, ['a']).spans.length, 1);
    t.same(itemsOfMember(text, 0, 'x', ['a']), []);
  }
});

t.test('names in their plain spelling are what JSON.parse reads, whatever objects the process has seen before', async (t) => {
  // Without it, V8 13.6 reads the second text's last name as the first's: it shares the first characters of its spelling.
  for (let i = 0; i < 3; i++) JSON.parse('{"event_type":"x","payload":{},"p\\\\u0061":1}');
  const text = '{"event_type":"x","payload":{},"p\\u0061yload" : 5}';
  t.equal(withPlainNames(text), '{"event_type":"x","payload":{},"payload" : 5}');
  t.same(JSON.parse(withPlainNames(text)), { event_type: 'x', payload: 5 });
  const kept = ['{}', '{"a":"\\u0061"}', '["\\u0061","b"]', '{"\\u0000":1}', '{"\\ud800":1}', '{"\\\\u0061":1}', '{"a\\"\\n":":\\u0061"}'];
  for (const same of kept) t.equal(withPlainNames(same), same);
  fc.assert(
    fc.property(jsonObject, ({ text, members }) => {
      const parsed = JSON.parse(withPlainNames(text)) as object;
      return ['ab', 'a', 'b', ''].every((name) => Object.hasOwn(parsed, name) === members.has(name));
    }),
    { numRuns: 2_000 },
  );
});

t.test('depth counts objects and arrays, and neither brackets in strings nor siblings', async (t) => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  t.equal(tooDeep(nested(64), 64), false);
  t.equal(tooDeep(nested(65), 64), true);
  t.equal(tooDeep('{"a":'.repeat(65), 64), true, 'also in a text that never ends');
  t.equal(tooDeep(`[${'[],'.repeat(1_000)}[]]`, 2), false);
  t.equal(tooDeep(`["${'['.repeat(100)}"]`, 1), false);
  t.equal(tooDeep(`["\\"${'['.repeat(100)}"]`, 1), false);
  t.equal(tooDeep(`["\\\\",${nested(2)}]`, 2), true);
  t.equal(tooDeep('["never closed [[[', 1), false);
  t.equal(tooDeep('"text"', 0), false);
  t.equal(tooDeep('', 64), false);
});

t.test('for any text, its depth is found exactly', async (t) => {
  const property = fc.property(fc.oneof(jsonArray, jsonObject), ({ text, depth }) => tooDeep(text, depth - 1) && !tooDeep(text, depth));
  fc.assert(property, { numRuns: 1_000 });
  t.pass('1,000 texts');
});
