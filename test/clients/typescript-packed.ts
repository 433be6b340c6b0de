import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Test } from 'tap';

/** Starts a program without the loaders that the test runner gives to every process of ours: a partner's has none. */
export const plain = { command: 'env', options: ['-u', 'NODE_OPTIONS'] };

const run = (command: string, options: string[], cwd?: string) =>
  promisify(execFile)(plain.command, [...plain.options, command, ...options], { cwd });
const root = fileURLToPath(new URL('../../', import.meta.url));
const workspace = path.join(root, 'openapi/clients/typescript');

export type Packed = {
  /** Whose node_modules hold the package as npm would install it. */
  consumer: string;
  /** Of the tarball, sorted. */
  files: string[];
  /** TypeScript's compiler, with the options given. Rejects with what it printed. */
  tsc(...options: string[]): Promise<void>;
};

/** Builds and packs the client as it would be published, in a folder of its own, and installs the tarball beside its dependencies, without a network. */
export async function packClient(t: Pick<Test, 'teardown'>): Promise<Packed> {
  const folder = await mkdtemp(path.join(tmpdir(), 'triggers-client-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const source = path.join(folder, 'source');
  for (const name of ['src', 'package.json', 'tsconfig.json', 'README.md', 'generate.ts']) {
    await cp(path.join(workspace, name), path.join(source, name), { recursive: true });
  }
  // The build finds its types and its compiler as in the tree; the root's compiler is the quicker one, and writes the same but for quotes.
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder, '--no-update-notifier'], source);
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[')));

  const consumer = path.join(folder, 'consumer');
  const installed = path.join(consumer, 'node_modules/@triggers-api/client');
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xzf', path.join(folder, filename), '-C', installed, '--strip-components=1']);
  for (const name of ['openapi-fetch', 'openapi-typescript-helpers', '@types/node', 'undici-types']) {
    await cp(path.join(root, 'node_modules', name), path.join(consumer, 'node_modules', name), { recursive: true });
  }
  return {
    consumer,
    files: files.map((file: { path: string }) => file.path).sort(),
    async tsc(...options) {
      await run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...options], consumer).catch((error) => {
        throw new Error(error.stdout);
      });
    },
  };
}
