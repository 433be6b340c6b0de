/** A part of a message. Text and HTML of a mail are written from the same blocks, so that they say the same. */
export type Block = { heading: string } | { text: string; link?: { label: string; url: string } } | { code: string };

export function toText(blocks: readonly Block[]): string {
  const parts = blocks.map((block) => {
    if ('heading' in block) return `${block.heading}\n${'-'.repeat([...block.heading].length)}`;
    if ('code' in block) return block.code.replace(/^/gm, '    ');
    return block.link ? `${block.text}\n${block.link.label}: ${block.link.url}` : block.text;
  });
  return `${parts.join('\n\n')}\n`;
}

/** HTML without anything that is fetched: no picture, no style sheet. Every text of a block is escaped here, and nowhere else. */
export function toHtml(title: string, blocks: readonly Block[]): string {
  const parts = blocks.map((block) => {
    if ('heading' in block) return `<h2 style="font-size:17px;margin:28px 0 8px">${escapeHtml(block.heading)}</h2>`;
    if ('code' in block)
      return `<pre style="background:#f4f4f2;padding:12px;white-space:pre-wrap;word-break:break-all">${escapeHtml(block.code)}</pre>`;
    const link = block.link ? ` <a href="${escapeHtml(block.link.url)}">${escapeHtml(block.link.label)}</a>` : '';
    return `<p style="margin:8px 0">${escapeHtml(block.text)}${link}</p>`;
  });
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>`,
    '<body style="font:15px/1.5 sans-serif;color:#222;max-width:640px;margin:0 auto;padding:16px">',
    ...parts,
    '</body></html>',
    '',
  ].join('\n');
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}
