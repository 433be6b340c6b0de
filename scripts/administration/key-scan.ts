import { keyForm, longestKey } from '../../src/pipeline/auth/key-format.ts';

export type FoundKey = {
  key: string;
  /** Of its first place, from 1. */
  line: number;
  /** How often it is there. */
  occurrences: number;
};

/**
 * Every string of the form of a key in a text of any length, in the order of their first places. The text comes in pieces cut anywhere, and no more of it
 * is kept than one piece. What stands before a key does not matter; what goes on with a letter or digit after it is none.
 */
export async function findKeys(pieces: AsyncIterable<string>): Promise<FoundKey[]> {
  const found = new Map<string, FoundKey>();
  let line = 1;
  let rest = '';
  /** Looks at the keys that begin before `end`, and goes on counting lines there. */
  const look = (text: string, end: number) => {
    let counted = 0;
    const lineAt = (index: number) => {
      line += newlines(text, counted, index);
      counted = index;
      return line;
    };
    for (const { index, 0: key } of text.matchAll(pattern)) {
      if (index >= end) break;
      const known = found.get(key);
      if (known) known.occurrences += 1;
      else found.set(key, { key, line: lineAt(index), occurrences: 1 });
    }
    lineAt(end);
  };
  for await (const piece of pieces) {
    const text = rest + piece;
    // A key that begins later may be cut, or be followed by what makes it none.
    const end = Math.max(0, text.length - longestKey);
    look(text, end);
    rest = text.slice(end);
  }
  look(rest, rest.length);
  return [...found.values()];
}

const pattern = new RegExp(`${keyForm}(?![0-9A-Za-z])`, 'g');

function newlines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
