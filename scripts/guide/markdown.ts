/** The anchor of a heading, as GitHub and the guide's site make it: lower case, `-` for a space, and nothing but letters, digits, `-` and `_`. */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

/** The headings of a page with their anchors, in its order; of two with the same text the second is `-1`, as on GitHub. Code blocks have none. */
export function headingsOf(page: string): { level: number; text: string; slug: string }[] {
  const seen = new Map<string, number>();
  return [...withoutBlocks(page).matchAll(/^(#{1,6}) (.+)$/gm)].map(({ 1: marks, 2: text }) => {
    const slug = slugOf(text as string);
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return { level: (marks as string).length, text: text as string, slug: before === 0 ? slug : `${slug}-${before}` };
  });
}

/** The page without its fenced blocks and comments. */
export function withoutBlocks(page: string): string {
  return page.replace(/^```[\s\S]*?^```$/gm, '').replace(/<!--[\s\S]*?-->/g, '');
}

/** The first sentence of a page's first paragraph, as plain text. One that leads to a list or an example ends with a full stop, not with a colon. */
export function firstSentenceOf(page: string): string {
  const paragraph = withoutBlocks(page)
    .split(/\n\s*\n/)
    .map((each) => each.trim())
    .find((each) => each !== '' && !/^[#|<\-*!]/.test(each));
  const text = (paragraph ?? '')
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replaceAll('**', '')
    .replace(/\s+/g, ' ');
  return /^.*?[.!?](?= |$)/.exec(text)?.[0] ?? text.replace(/:$/, '.');
}
