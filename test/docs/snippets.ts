import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export type Snippet = { line: number; code: string /** The `json` block that follows, if one does. */; prints: string | undefined };

/** The `sh` snippets of a page, in its order. */
export function snippetsOf(page: string): Snippet[] {
  const blocks = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(({ 1: language, 2: code, index, 0: whole }) => ({
    language,
    code: (code as string).trimEnd(),
    line: page.slice(0, index).split('\n').length,
    end: index + whole.length,
    index,
  }));
  return blocks.flatMap((block, position) => {
    if (block.language !== 'sh') return [];
    const next = blocks[position + 1];
    const follows = next?.language === 'json' && page.slice(block.end, next.index).trim() === '';
    return [{ line: block.line, code: block.code, prints: follows ? next.code : undefined }];
  });
}

/** Whether `printed` is what the page shows; `…` stands for any characters but a quote. */
export function isAsShown(printed: string, shown: string): boolean {
  const pattern = shown
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^"]+');
  return new RegExp(`^${pattern}$`).test(printed.trim());
}

export type Run = { code: number; errors: string /** What each snippet printed, as far as they came. */; printed: string[] };

const separator = '\x1e';

/** Runs snippets one after the other in one shell, which ends at the first command that fails. */
export async function runSnippets(snippets: Snippet[], env: NodeJS.ProcessEnv): Promise<Run> {
  const script = snippets.map(({ code }) => `printf '\\036'\n${code}\n`).join('');
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [printed, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, errors, printed: printed.split(separator).slice(1) };
}

/** Variables with which every curl of a snippet fails on a status of 400 or above; `folder` holds what that needs. */
export async function strictCurl(folder: string): Promise<NodeJS.ProcessEnv> {
  await writeFile(path.join(folder, '.curlrc'), 'fail-with-body\n');
  return { CURL_HOME: folder };
}
