import fc from 'fast-check';

/**
 * JSON as partners may write it: any white space, numbers in any spelling, strings and member names with escapes or without, repeated member
 * names. Each text comes with what it says, known from making it, so that no parser is the judge of another.
 */
type Written = { text: string; depth: number };
export type WrittenObject = Written & { members: Map<string, string> };
export type WrittenArray = Written & { elements: string[] };

const space = fc.stringMatching(/^[ \n\r\t]{0,3}$/);
const number = fc.constantFrom('0', '-0', '1.0', '1e400', '-1E-7', '9007199254740993', '0.1e+2', '123456789012345678901234567890');
const character = fc.oneof(
  fc.constantFrom('\\"', '\\\\', '\\/', '\\n', '\\u0000', '\\ud800', '\\u0041', '{', '}', '[', ']', ',', ':', ' ', '/', "'"),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }).filter((char) => JSON.stringify(char) === `"${char}"` && char.isWellFormed()),
);
const string = fc.array(character, { maxLength: 6 }).map((characters) => `"${characters.join('')}"`);
/** Few names in several spellings, so that repetitions are common. */
const names = ['"ab"', '"\\u0061b"', '"a\\u0062"', '"a"', '"\\u0061"', '"b"', '""', '"__proto__"', '"a\\\\"', '"a\\\\u0062"'];
const name = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: string });
const scalar = fc.oneof(number, string, fc.constantFrom('true', 'false', 'null')).map((text): Written => ({ text, depth: 0 }));

const { value } = fc.letrec<{ value: Written; array: Written; object: Written }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, tie('array'), tie('object')),
  array: arrayOf(tie('value')),
  object: objectOf(tie('value')),
}));

export const jsonArray: fc.Arbitrary<WrittenArray> = arrayOf(value);
export const jsonObject: fc.Arbitrary<WrittenObject> = objectOf(value);

function arrayOf(of: fc.Arbitrary<Written>): fc.Arbitrary<WrittenArray> {
  return fc.tuple(fc.array(of, { maxLength: 5 }), space, space).map(([values, before, after]) => ({
    text: `[${values.map(({ text }) => `${before}${text}${after}`).join(',') || before}]`,
    depth: 1 + Math.max(0, ...values.map(({ depth }) => depth)),
    elements: values.map(({ text }) => text),
  }));
}

function objectOf(of: fc.Arbitrary<Written>): fc.Arbitrary<WrittenObject> {
  return fc.tuple(fc.array(fc.tuple(name, of), { maxLength: 5 }), space, space).map(([pairs, before, after]) => ({
    text: `{${pairs.map(([key, { text }]) => `${before}${key}${after}:${before}${text}${after}`).join(',') || before}}`,
    depth: 1 + Math.max(0, ...pairs.map(([, { depth }]) => depth)),
    members: new Map(pairs.map(([key, { text }]) => [JSON.parse(key) as string, text])),
  }));
}
