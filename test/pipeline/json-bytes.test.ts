import fc from 'fast-check';
import t from 'tap';
import { endOfJson, maxJsonDepth, skipBlank } from '../../src/pipeline/json-bytes.ts';
import { jsonArray, jsonObject } from './json-text.ts';

/** Whether the whole text is one value, white space around it aside. */
function accepts(text: string, levels = maxJsonDepth): boolean {
  const bytes = Buffer.from(text);
  const end = endOfJson(bytes, skipBlank(bytes, 0), levels);
  return end >= 0 && skipBlank(bytes, end) === bytes.length;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

t.test('a value ends where it was written to end', async (t) => {
  const property = fc.property(fc.oneof(jsonObject, jsonArray), fc.constantFrom('', ',', ']', '}', ' x', '"'), ({ text }, after) => {
    const bytes = Buffer.from(`:${text}${after}`);
    return endOfJson(bytes, 1, maxJsonDepth) === 1 + Buffer.byteLength(text);
  });
  fc.assert(property, { numRuns: 2_000 });
  t.pass('2,000 values');
});

t.test('it accepts what JSON.parse accepts, and nothing else: valid texts with a character changed, left out or put in', async (t) => {
  const pieces = ['"', '\\', '{', '}', '[', ']', ',', ':', ' ', '\t', '\n', '\u000b', '\u00a0', '\ufeff', '\u0000', '\u001f', '\u007f'];
  const more = [
    '0',
    '-',
    '+',
    '.',
    'e',
    'E',
    'u',
    'x',
    't',
    'true',
    'null',
    'nul',
    'NaN',
    '\\u12',
    '\\u00g0',
    '\\x',
    '😀',
    '\u2028',
    '//',
    "'",
  ];
  const edit = fc.record({ at: fc.nat(), remove: fc.nat({ max: 3 }), insert: fc.constantFrom('', ...pieces, ...more) });
  let refused = 0;
  const property = fc.property(fc.oneof(jsonObject, jsonArray), fc.array(edit, { minLength: 1, maxLength: 2 }), ({ text }, edits) => {
    const changed = edits.reduce((was, { at, remove, insert }) => {
      const index = at % (was.length + 1);
      return was.slice(0, index) + insert + was.slice(index + remove);
    }, text);
    if (!changed.isWellFormed()) return true; // half of a character: no such text is UTF-8
    const expected = parses(changed);
    if (!expected) refused += 1;
    return accepts(changed) === expected;
  });
  fc.assert(property, { numRuns: 20_000 });
  t.ok(refused > 2_000, `${refused} of 20,000 were no JSON`);
});

t.test('the same for what is easily taken for JSON, and for every end that comes too early', async (t) => {
  const numbers = ['0', '-0', '00', '01', '-', '+1', '1.', '.5', '1.5', '-1.5e+10', '1e', '1e+', '1E5', '0x1', '1_000', '--1', '0e0', '-a'];
  const literals = ['true', 'tru', 'trues', 'null', 'nil', 'False', 'undefined', 'NaN', 'Infinity'];
  const strings = ['""', '"', '"\\"', '"\\u"', '"\\u00e9"', '"\\uD83D"', '"\\u00E"', '"\\a"', '"\t"', '"\u007f"', "'a'", '"a\\'];
  const structures = [
    '[,]',
    '[1,]',
    '{,}',
    '{"a":1,}',
    '{"a"}',
    '{"a":}',
    '{a:1}',
    '{1:1}',
    '[1 2]',
    '[1}',
    '{"a":1]',
    '[]]',
    '{}{}',
    '[1:2]',
    '{"a",1}',
  ];
  const whole = '{"a":[1.5e-7,{"b":"\\u0000\\n"},true,null],"c":{}}';
  const ends = Array.from({ length: whole.length + 1 }, (_, length) => whole.slice(0, length));
  for (const text of [...numbers, ...literals, ...strings, ...structures, ...ends, '', ' ', ' {} ', '\ufeff{}', `[${numbers.join(',')}]`])
    t.equal(accepts(text), parses(text), JSON.stringify(text));
});

t.test('levels are counted as objects and arrays within one another, up to the limit that is asked for', async (t) => {
  const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
  for (const levels of [2, 10, maxJsonDepth]) {
    t.equal(accepts(nested(levels), levels), true);
    t.equal(accepts(nested(levels + 2), levels), false);
    t.equal(accepts(`[${nested(levels)}]`, levels), false);
    t.equal(accepts(`[${'[],'.repeat(1_000)}{}]`, levels), true, 'siblings are no levels');
  }
  t.equal(accepts('1', 0), true);
  t.equal(accepts('[]', 0), false);
});
