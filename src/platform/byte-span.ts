/** A part of a buffer that is not copied: from `start` up to, and without, `end`. It keeps the whole buffer in memory. */
export type ByteSpan = { readonly buffer: Buffer; readonly start: number; readonly end: number };

/** The bytes of a text in UTF-8. */
export function spanOf(text: string): ByteSpan {
  const buffer = Buffer.from(text, 'utf8');
  return { buffer, start: 0, end: buffer.length };
}

/** The text that the bytes are in UTF-8. */
export function textOf({ buffer, start, end }: ByteSpan): string {
  return buffer.toString('utf8', start, end);
}
