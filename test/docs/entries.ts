export type Entry = { heading: string; text: string /** Of its first `text` block. */; shown: string };

/** The entries of a page: what stands under each heading of the third level. */
export function entriesOf(page: string): Entry[] {
  return page
    .split(/^(?=#{1,3} )/m)
    .filter((part) => part.startsWith('### '))
    .map((text) => ({
      heading: text.slice(4, text.indexOf('\n')),
      text,
      shown: /^```text\n([\s\S]*?)\n```$/m.exec(text)?.[1] ?? '',
    }));
}

/**
 * Whether `seen` has what a page shows; `…` stands for anything. An answer of HTTP is compared from its first line to its end, anything else is
 * looked for.
 */
export function isSeenAs(seen: string, shown: string): boolean {
  const parts = shown.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = parts.join('[\\s\\S]*?');
  return new RegExp(shown.startsWith('HTTP/') ? `^${pattern}$` : pattern).test(seen.trim());
}
