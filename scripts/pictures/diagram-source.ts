import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** A Mermaid block of a page in docs/, and the picture that is made of it. */
export type Diagram = {
  /** Name of the picture in docs/pictures: the page and the number of the block in it, from 1. */
  file: string;
  /** The nearest heading above the block. */
  title: string;
  /** The words that the page has in the picture's place, for those who cannot see it. */
  description: string;
  source: string;
  /** SHA-256 of all of the above, in hexadecimal: the picture carries it, which is how a stale one is found. */
  hash: string;
};

/** Every diagram of the pages in a folder, by page and place. */
export async function diagramsOf(folder: string): Promise<Diagram[]> {
  const pages = (await readdir(folder)).filter((name) => name.endsWith('.md')).sort();
  const texts = await Promise.all(pages.map((name) => readFile(path.join(folder, name), 'utf8')));
  return pages.flatMap((page, index) => diagramsIn(path.basename(page, '.md'), texts[index] ?? ''));
}

/** The diagrams of one page. */
export function diagramsIn(page: string, text: string): Diagram[] {
  return [...text.matchAll(/^```mermaid\n(.*?)^```$/gms)].map((match, index) => {
    const file = `${page}-${index + 1}.svg`;
    const title = [...text.slice(0, match.index).matchAll(/^#+ (.+)$/gm)].at(-1)?.[1] ?? page;
    const description = [...text.matchAll(/!\[([^\]]*)\]\(pictures\/([^)]+)\)/g)].find(([, , target]) => target === file)?.[1] ?? '';
    const source = match[1] ?? '';
    const hash = createHash('sha256').update([title, description, source].join('\0')).digest('hex');
    return { file, title, description, source, hash };
  });
}

/** The hash that a picture carries. */
export const hashIn = (svg: string) => /<svg[^>]* data-source-sha256="([0-9a-f]{64})"/.exec(svg)?.[1];
