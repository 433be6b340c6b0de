import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { LoadResult, LoadSpec } from './load-spec.ts';

const program = fileURLToPath(new URL('./load-process.ts', import.meta.url));

/** What is left out takes these values. */
export const loadDefaults = { apiKeys: [] as string[], pace: { kind: 'closed' } as LoadSpec['pace'], warmUpMs: 0, timeoutMs: 30_000 };

/**
 * Runs one load in a process of its own, so that its CPU is not the server's or the caller's.
 * @throws Error with the process's standard error when it fails.
 */
export async function runLoad(given: Omit<LoadSpec, keyof typeof loadDefaults> & Partial<LoadSpec>): Promise<LoadResult> {
  const spec: LoadSpec = { ...loadDefaults, ...given };
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'pipe'] });
  const impatience = setTimeout(() => child.kill('SIGKILL'), spec.warmUpMs + spec.durationMs + spec.timeoutMs + 20_000);
  child.stdin.on('error', () => {}); // the exit code tells
  child.stdin.end(JSON.stringify(spec));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  clearTimeout(impatience);
  if (code !== 0) throw new Error(`the load generator failed (${code}): ${errors.slice(-2_000)}`);
  return JSON.parse(output) as LoadResult;
}
