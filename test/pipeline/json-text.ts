import fc from 'fast-check';

/**
 * JSON texts as partners may write them: any white space, numbers in any spelling, strings and member names with escapes or without,
 * repeated member names. `fc.json()` only gives what JSON.stringify would.
 */
const space = fc.stringMatching(/^[ \n\r\t]{0,3}$/);
const number = fc.constantFrom('0', '-0', '1.0', '1e400', '-1E-7', '9007199254740993', '0.1e+2', '123456789012345678901234567890');
const character = fc.oneof(
  fc.constantFrom('\\"', '\\\\', '\\/', '\\n', '\\u0000', '\\ud800', '\\u0041', '{', '}', '[', ']', ',', ':', ' ', '/', "'"),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }).filter((char) => JSON.stringify(char) === `"${char}"` && char.isWellFormed()),
);
const string = fc.array(character, { maxLength: 6 }).map((characters) => `"${characters.join('')}"`);
/**
 * Few names in several spellings, so that repetitions are common. No name is a single escaped character: V8 13.6 reads `"\u0061"` as a name
 * `\` once the process has seen some thousand shapes of objects. No name of ours is that short, so only a comparison with JSON.parse notices.
 */
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('"ab"', '"\\u0061b"', '"a\\u0062"', '"b"', '""', '"__proto__"', '"a\\\\"') },
  { weight: 1, arbitrary: string.map((text) => `"n${text.slice(1)}`) },
);
const scalar = fc.oneof(number, string, fc.constantFrom('true', 'false', 'null'));

const { value } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, tie('array'), tie('object')),
  array: around('[', fc.array(tie('value'), { maxLength: 4 }), ']'),
  object: around('{', fc.array(member(tie('value')), { maxLength: 4 }), '}'),
}));

export const jsonArray: fc.Arbitrary<string> = around('[', fc.array(value, { maxLength: 6 }), ']');
export const jsonObject: fc.Arbitrary<string> = around('{', fc.array(member(value), { maxLength: 6 }), '}');

function member(of: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(name, space, space, of).map(([key, before, after, text]) => `${key}${before}:${after}${text}`);
}

function around(open: string, parts: fc.Arbitrary<string[]>, close: string): fc.Arbitrary<string> {
  return fc.tuple(parts, space, space).map(([texts, before, after]) => {
    const inner = texts.map((text) => `${before}${text}${after}`).join(',');
    return `${open}${inner || before}${close}`;
  });
}
