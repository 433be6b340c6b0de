import { readFile } from 'node:fs/promises';
import path from 'node:path';

const root = new URL('../../', import.meta.url);
const languages: Record<string, string> = { '.py': 'python', '.js': 'js', '.sh': 'sh' };

/** A mark, and the block that follows it or nothing yet. */
const marked = /<!-- sample: (\S+) -->\n(?:\n```[\s\S]*?\n```\n)?/g;

/**
 * A page with each `<!-- sample: docs/samples/… -->` followed by a block that is that file, whole: what is read is what is tested.
 * @throws Error when a file that a mark names is not there, or of no known language.
 */
export async function withSamples(page: string | undefined): Promise<string | undefined> {
  if (page === undefined) return undefined;
  const files = new Set([...page.matchAll(marked)].map((match) => match[1] as string));
  const blocks = new Map<string, string>();
  for (const file of files) {
    const language = languages[path.extname(file)];
    if (!language) throw new Error(`${file}: a sample ends with ${Object.keys(languages).join(', ')}`);
    blocks.set(file, `\`\`\`${language}\n${(await readFile(new URL(file, root), 'utf8')).trimEnd()}\n\`\`\``);
  }
  return page.replace(marked, (_, file: string) => `<!-- sample: ${file} -->\n\n${blocks.get(file)}\n`);
}
