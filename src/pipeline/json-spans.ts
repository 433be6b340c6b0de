import { byte } from './json-bytes.ts';

/**
 * Finds where the values of a JSON text begin and end, so that a payload can be stored as the partner wrote it: JSON.parse and stringify would
 * change 2^53+1, 1.0 and duplicate keys. Everything here but `exceedsDepth` expects a text that JSON.parse has accepted.
 */
export type Span = { start: number; end: number };

const { quote, backslash, openBrace, closeBrace, openBracket, closeBracket, comma, colon } = byte;

/**
 * Whether a text, in UTF-8, nests deeper than `limit` levels. Runs before JSON.parse, on any bytes: a 10 KB body nested 5,000 deep would overflow the
 * stack of whatever walks it later. On bytes, because reading them takes half the time of a string's characters.
 */
export function exceedsDepth(text: Uint8Array, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as number;
    if (char === quote) {
      for (i++; i < text.length && text[i] !== quote; i++) if (text[i] === backslash) i++;
    } else if (char === openBrace || char === openBracket) {
      depth += 1;
      if (depth > limit) return true;
    } else if (char === closeBrace || char === closeBracket) {
      depth -= 1;
    }
  }
  return false;
}

/**
 * The text with every member name that is spelled with `\u` in its plain spelling; the same text when there is none.
 *
 * For JSON.parse, because V8 13.6 (Node 24) may read an escaped name wrongly: it compares the next name with the one that an earlier object of
 * the same shape had there, and takes an earlier `"p\\u0061"` for `"p\u0061yload"`, whose first characters are the same. Validation would then
 * see another `payload` than is stored. Names that stay escaped (a quote, a control character) can only be taken for names with a backslash.
 */
export function withPlainNames(text: string): string {
  if (!text.includes('\\u')) return text;
  let plain = '';
  let copied = 0;
  for (let open = text.indexOf('"'); open !== -1; ) {
    const end = endOfString(text, open);
    if (text.charCodeAt(skipSpace(text, end)) === colon) {
      const name = text.slice(open, end);
      if (name.includes('\\u')) {
        plain += text.slice(copied, open) + JSON.stringify(JSON.parse(name));
        copied = end;
      }
    }
    open = text.indexOf('"', end);
  }
  return plain + text.slice(copied);
}

/**
 * The spans of the named members of the object that opens at `open`, in the order of `names`. Of a repeated member the last counts, as it does for
 * JSON.parse; a key spelled with escapes is the key it spells.
 * @returns the index after the object's closing brace, and the spans; undefined for a member that is not there.
 */
export function objectMembers(text: string, open: number, names: readonly string[]): { end: number; spans: (Span | undefined)[] } {
  const spans: (Span | undefined)[] = names.map(() => undefined);
  const end = walkMembers(text, open, names, (which, start) => {
    const end = endOfValue(text, start);
    if (which !== -1) spans[which] = { start, end };
    return end;
  });
  return { end, spans };
}

/** An element of an array: where it stands, and if it is an object its named members as `objectMembers` gives them. */
export type Item = Span & { members: (Span | undefined)[] };

/** The elements of the array that opens at `open`, found with their named members in one pass. */
export function arrayItems(text: string, open: number, names: readonly string[]): { end: number; items: Item[] } {
  const items: Item[] = [];
  let i = skipSpace(text, open + 1);
  while (i < text.length && text.charCodeAt(i) !== closeBracket) {
    const start = i;
    if (text.charCodeAt(i) === openBrace) {
      const { end, spans } = objectMembers(text, i, names);
      items.push({ start, end, members: spans });
      i = end;
    } else {
      i = endOfValue(text, i);
      items.push({ start, end: i, members: [] });
    }
    i = skipSpace(text, i);
    if (text.charCodeAt(i) === comma) i = skipSpace(text, i + 1);
  }
  return { end: i + 1, items };
}

/** The items of the array that is the member `name` of the object that opens at `open`; of a repeated member the last counts. */
export function itemsOfMember(text: string, open: number, name: string, names: readonly string[]): Item[] {
  let items: Item[] = [];
  walkMembers(text, open, [name], (which, start) => {
    if (which === -1 || text.charCodeAt(start) !== openBracket) return endOfValue(text, start);
    const found = arrayItems(text, start, names);
    items = found.items;
    return found.end;
  });
  return items;
}

/** Calls `visit` with the start of each member's value and which of `names` it is, -1 for none; it returns where the value ends. Gives the index after the object. */
function walkMembers(text: string, open: number, names: readonly string[], visit: (which: number, start: number) => number): number {
  let i = skipSpace(text, open + 1);
  while (i < text.length && text.charCodeAt(i) !== closeBrace) {
    const keyEnd = endOfString(text, i);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    i = skipSpace(text, visit(nameOf(text, i, keyEnd, names), start));
    if (text.charCodeAt(i) === comma) i = skipSpace(text, i + 1);
  }
  return i + 1;
}

/** Which of the names the key between the quotes at `open` and before `end` spells; -1 for none of them. */
function nameOf(text: string, open: number, end: number, names: readonly string[]): number {
  for (let which = 0; which < names.length; which++) {
    const name = names[which] as string;
    if (name.length === end - open - 2 && text.startsWith(name, open + 1) && !name.includes('\\')) return which;
  }
  // Escapes make a key longer than what it spells.
  const raw = text.slice(open, end);
  return raw.includes('\\') ? names.indexOf(JSON.parse(raw) as string) : -1;
}

/** The index of the first character at or after `i` that is not JSON white space. */
export function skipSpace(text: string, i: number): number {
  let at = i;
  for (let char = text.charCodeAt(at); char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09; char = text.charCodeAt(at))
    at += 1;
  return at;
}

function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === quote) return endOfString(text, start);
  let i = start;
  if (first !== openBrace && first !== openBracket) {
    // A number or a literal: up to the next separator.
    for (; i < text.length; i++) {
      const char = text.charCodeAt(i);
      if (char === comma || char === closeBrace || char === closeBracket || char <= 0x20) break;
    }
    return i;
  }
  let depth = 0;
  for (; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === quote) {
      i = endOfString(text, i) - 1;
    } else if (char === openBrace || char === openBracket) {
      depth += 1;
    } else if (char === closeBrace || char === closeBracket) {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return i;
}

/** The index after the closing quote of the string that opens at `open`; the text's length when it never closes. */
function endOfString(text: string, open: number): number {
  // By hand, because most strings of an event are too short for indexOf to pay: a call costs as much as 50 characters here.
  for (let at = open + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === quote) return at + 1;
    if (char === backslash) at += 1;
  }
  return text.length;
}
