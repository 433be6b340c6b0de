import fc from 'fast-check';
import t from 'tap';
import { arrayElements, exceedsDepth, objectMembers, type Span, skipSpace } from '../../src/pipeline/json-spans.ts';
import { jsonArray, jsonObject } from './json-text.ts';

const cut = (text: string, span: Span | undefined) => span && text.slice(span.start, span.end);
const member = (text: string, name: string) => cut(text, objectMembers(text, skipSpace(text, 0), [name]).spans.get(name));

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

t.test('for any object, spans say of every member what JSON.parse says', async (t) => {
  const property = fc.property(jsonObject, (text) => {
    const parsed = JSON.parse(text) as Record<string, unknown>;
    const names = Object.keys(parsed);
    const { end, spans } = objectMembers(text, 0, names);
    if (end !== text.length || spans.size !== names.length) return false;
    return names.every((name) => isSame(JSON.parse(cut(text, spans.get(name)) as string), parsed[name]));
  });
  fc.assert(property, { numRuns: 2_000 });
  t.pass('2,000 objects');
});

t.test('for any array, elements are those of JSON.parse, in order', async (t) => {
  const property = fc.property(jsonArray, (text) => {
    const parsed = JSON.parse(text) as unknown[];
    const elements = arrayElements(text, 0);
    return (
      elements.length === parsed.length && elements.every((span, index) => isSame(JSON.parse(cut(text, span) as string), parsed[index]))
    );
  });
  fc.assert(property, { numRuns: 2_000 });
  t.pass('2,000 arrays');
});

t.test('depth counts objects and arrays, and neither brackets in strings nor siblings', async (t) => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  t.equal(exceedsDepth(nested(64), 64), false);
  t.equal(exceedsDepth(nested(65), 64), true);
  t.equal(exceedsDepth('{"a":'.repeat(65), 64), true, 'also in a text that never ends');
  t.equal(exceedsDepth(`[${'[],'.repeat(1_000)}[]]`, 2), false);
  t.equal(exceedsDepth(`["${'['.repeat(100)}"]`, 1), false);
  t.equal(exceedsDepth(`["\\"${'['.repeat(100)}"]`, 1), false);
  t.equal(exceedsDepth(`["\\\\",${nested(2)}]`, 2), true);
  t.equal(exceedsDepth('["never closed [[[', 1), false);
  t.equal(exceedsDepth('"text"', 0), false);
  t.equal(exceedsDepth('', 64), false);
});

t.test('for any text, its depth is that of its value', async (t) => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  // A repeated name hides a value from JSON.parse, which may be the deepest: then the text is deeper.
  const property = fc.property(jsonArray, (text) => exceedsDepth(text, depthOf(JSON.parse(text)) - 1));
  fc.assert(property, { numRuns: 1_000 });
  t.pass('1,000 texts');
});

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
