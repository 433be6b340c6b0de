/**
 * Reads JSON on bytes without making anything of it: what is only stored need not become objects. Strict, as RFC 8259 has it; JSON.parse accepts
 * whatever is accepted here. The bytes must be valid UTF-8. A function that is given the index where something begins gives back the index
 * after it, or -1 when it is not there, is not well formed or nests too deep.
 */
export const byte = {
  quote: 0x22,
  backslash: 0x5c,
  openBrace: 0x7b,
  closeBrace: 0x7d,
  openBracket: 0x5b,
  closeBracket: 0x5d,
  comma: 0x2c,
  colon: 0x3a,
} as const;

const { quote, backslash, openBrace, closeBrace, openBracket, closeBracket, comma, colon } = byte;

/** Levels of objects and arrays in any body, or in any item of a batch. */
export const maxJsonDepth = 64;

/** Whether each level that is open is an object. One for all calls: none begins before another has ended. */
const isObject = new Uint8Array(maxJsonDepth);

/** The index of the first byte at or after `at` that is not white space. */
export function skipBlank(bytes: Uint8Array, at: number): number {
  let i = at;
  for (let char = bytes[i]; char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09; char = bytes[i]) i += 1;
  return i;
}

/** The end of the value that begins at `start` and has at most `levels` (up to `maxJsonDepth`) levels of objects and arrays. */
export function endOfJson(bytes: Uint8Array, start: number, levels: number): number {
  let depth = 0;
  let i = start;
  for (;;) {
    const first = bytes[i];
    if (first === quote) {
      i = endOfText(bytes, i);
    } else if (first === openBrace || first === openBracket) {
      if (depth === levels) return -1;
      i = skipBlank(bytes, i + 1);
      const empty = first === openBrace ? closeBrace : closeBracket;
      if (bytes[i] !== empty) {
        isObject[depth] = first === openBrace ? 1 : 0;
        depth += 1;
        if (first === openBrace) i = startOfMember(bytes, i);
        if (i < 0) return -1;
        continue;
      }
      i += 1;
    } else {
      i = first === 0x2d || (first !== undefined && isDigit(first)) ? endOfNumber(bytes, i) : endOfLiteral(bytes, i);
    }
    if (i < 0) return -1;
    // After a value: the ends of what it was the last of, then the next one.
    for (;;) {
      if (depth === 0) return i;
      i = skipBlank(bytes, i);
      const char = bytes[i];
      const inObject = isObject[depth - 1] === 1;
      i += 1;
      if (char === comma) {
        i = skipBlank(bytes, i);
        if (inObject) i = startOfMember(bytes, i);
        break;
      }
      if (char !== (inObject ? closeBrace : closeBracket)) return -1;
      depth -= 1;
    }
    if (i < 0) return -1;
  }
}

/** The end of the string whose opening quote is at `open`. */
export function endOfText(bytes: Uint8Array, open: number): number {
  if (bytes[open] !== quote) return -1;
  for (let i = open + 1; i < bytes.length; i++) {
    const char = bytes[i] as number;
    if (char === quote) return i + 1;
    if (char < 0x20) return -1;
    if (char !== backslash) continue;
    i += 1;
    const escaped = bytes[i];
    if (escaped === 0x75) {
      for (let last = i + 4; i < last; i++) if (!isHexDigit(bytes[i + 1])) return -1;
    } else if (!isEscape(escaped)) {
      return -1;
    }
  }
  return -1;
}

/** Where the value of the member begins whose name begins at `at`. */
function startOfMember(bytes: Uint8Array, at: number): number {
  const end = endOfText(bytes, at);
  return end < 0 ? -1 : afterColon(bytes, end);
}

/** Where the value begins, after the end of its name. */
export function afterColon(bytes: Uint8Array, end: number): number {
  const i = skipBlank(bytes, end);
  return bytes[i] === colon ? skipBlank(bytes, i + 1) : -1;
}

function endOfNumber(bytes: Uint8Array, start: number): number {
  let i = bytes[start] === 0x2d ? start + 1 : start;
  const integer = i;
  i = skipDigits(bytes, i);
  if (i === integer || (bytes[integer] === 0x30 && i > integer + 1)) return -1;
  if (bytes[i] === 0x2e) {
    const fraction = i + 1;
    i = skipDigits(bytes, fraction);
    if (i === fraction) return -1;
  }
  if (bytes[i] === 0x65 || bytes[i] === 0x45) {
    const sign = bytes[i + 1];
    const exponent = sign === 0x2b || sign === 0x2d ? i + 2 : i + 1;
    i = skipDigits(bytes, exponent);
    if (i === exponent) return -1;
  }
  return i;
}

function skipDigits(bytes: Uint8Array, at: number): number {
  let i = at;
  while (i < bytes.length && isDigit(bytes[i] as number)) i += 1;
  return i;
}

const literals = ['true', 'false', 'null'].map((text) => Buffer.from(text));

function endOfLiteral(bytes: Uint8Array, start: number): number {
  for (const literal of literals) if (hasBytes(bytes, start, literal)) return start + literal.length;
  return -1;
}

/** Whether the bytes at `at` are those of `wanted`. */
export function hasBytes(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  if (at + wanted.length > bytes.length) return false;
  for (let index = 0; index < wanted.length; index++) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39;
}

function isHexDigit(char: number | undefined): boolean {
  if (char === undefined) return false;
  return isDigit(char) || ((char | 0x20) >= 0x61 && (char | 0x20) <= 0x66);
}

/** Whether a backslash may stand before it: `"`, `\`, `/`, b, f, n, r, t; `u` has more behind it. */
function isEscape(char: number | undefined): boolean {
  return (
    char === quote ||
    char === backslash ||
    char === 0x2f ||
    char === 0x62 ||
    char === 0x66 ||
    char === 0x6e ||
    char === 0x72 ||
    char === 0x74
  );
}
