import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import type { RowResult } from '../../scripts/administration/import-run.ts';
import { createKeyFile } from '../../src/platform/vault/key-file.ts';
import { type AdminSetUp, setUpAdmin } from './admin-process.ts';

export const sample = fileURLToPath(new URL('../../docs/samples/partners.csv', import.meta.url));
const program = fileURLToPath(new URL('../../scripts/admin', import.meta.url));

export type ImportSetUp = AdminSetUp & {
  folder: string;
  /** Writes a file of the test's own, and gives its path. */
  write(name: string, text: string): Promise<string>;
  /** The lines of a results file, those of prepared keys left out. */
  results(file: string): Promise<RowResult[]>;
};

/** A database, a vault and a folder of their own, and the admin's commands on them. */
export async function setUpImport(t: Test): Promise<ImportSetUp> {
  const folder = t.testdir();
  const keyFile = path.join(folder, 'vault-key.json');
  await createKeyFile(keyFile);
  return {
    ...(await setUpAdmin(t, { VAULT_KEY_FILE: keyFile })),
    folder,
    async write(name, text) {
      const file = path.join(folder, name);
      await writeFile(file, text);
      return file;
    },
    async results(file) {
      const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.endsWith('}'));
      return lines.map((line) => JSON.parse(line)).filter(({ prepared }) => !prepared);
    },
  };
}

/** A command that can be signalled while it runs. */
export function startAdmin(env: Record<string, string>, ...args: string[]) {
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([
    child.stdout.setEncoding('utf8').toArray(),
    child.stderr.setEncoding('utf8').toArray(),
    once(child, 'close'),
  ]).then(([out, messages, [code, signal]]) => ({ code, signal, out: out.join(''), messages: messages.join('') }));
  return { child, ended };
}

/** A file of `count` partners. */
export function manyPartners(count: number): string {
  return `slug,partner_name\n${Array.from({ length: count }, (_, index) => `partner${index},Partner ${index}\n`).join('')}`;
}

export function startImport(env: Record<string, string>, ...args: string[]) {
  return startAdmin(env, 'partners', 'import', ...args);
}
