import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export type Block = {
  /** As after the three backticks; empty when there is none. */
  language: string;
  code: string;
  line: number;
  /** The file that the block is a copy of, by the mark above it. */
  sample: string | undefined;
  /** The `sh` snippet right before it, whose answer this is. */
  answers: Block | undefined;
};

export type Snippet = { line: number; code: string /** The `json` block that follows, if one does. */; prints: string | undefined };

/** Every fenced block of a page, in its order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let last: { block: Block; end: number } | undefined;
  for (const { 1: language = '', 2: code = '', index, 0: whole } of page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const before = page.slice(0, index);
    const block = {
      language,
      code: code.trimEnd(),
      line: before.split('\n').length,
      sample: /<!-- sample: (\S+) -->\s*$/.exec(before)?.[1],
      answers: language === 'json' && last?.block.language === 'sh' && page.slice(last.end, index).trim() === '' ? last.block : undefined,
    };
    blocks.push(block);
    last = { block, end: index + whole.length };
  }
  return blocks;
}

/** The `sh` snippets of a page, in its order. Copies of samples are none: they are programs of their own. */
export function snippetsOf(page: string): Snippet[] {
  const blocks = blocksOf(page);
  return blocks
    .filter(({ language, sample }) => language === 'sh' && sample === undefined)
    .map((block) => ({ line: block.line, code: block.code, prints: blocks.find(({ answers }) => answers === block)?.code }));
}

/** Runs a block of Python or JavaScript as a program, with the clients of this repository at hand. Gives its exit code and what it printed. */
export async function runProgram({ language, code }: Block, env: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> {
  const clients = fileURLToPath(new URL('../../openapi/clients/', import.meta.url));
  const [command, args] =
    language === 'python'
      ? ['python3', ['-c', code]]
      : [process.execPath, ['--conditions=@triggers-api/source', '--input-type=module', '--eval', code]];
  const child = spawn(command as string, args as string[], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    env: { ...env, PYTHONPATH: path.join(clients, 'python'), PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [printed, errors, [exit]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: exit, output: printed + errors };
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
