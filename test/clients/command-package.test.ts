import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { startTestApp } from '../helper/app.ts';
import { spawnCommand, untouched } from './command-process.ts';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
// Not below the repository, whose packages would be found from there.
const folder = await mkdtemp(path.join(tmpdir(), 'triggers-cli-'));
t.teardown(() => rm(folder, { recursive: true, force: true }));

/** Makes packages of the repository reachable from a folder. */
async function link(place: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const at = path.join(place, 'node_modules', name);
    await mkdir(path.dirname(at), { recursive: true });
    await symlink(path.join(root, 'node_modules', name), at);
  }
}

/** Builds a package from a copy of its sources, and gives its archive and the files in it. */
async function pack(name: 'typescript' | 'command'): Promise<{ archive: string; files: string[] }> {
  const place = path.join(folder, 'node_modules', '@triggers-api', name === 'command' ? 'cli' : 'client');
  for (const each of ['package.json', 'tsconfig.json', 'src', ...(name === 'command' ? ['README.md'] : [])]) {
    await cp(path.join(root, 'openapi/clients', name, each), path.join(place, each), { recursive: true });
  }
  await execute('env', [...untouched, 'npm', 'pack', '--offline', '--pack-destination', folder], { cwd: place });
  const { name: called, version } = JSON.parse(await readFile(path.join(place, 'package.json'), 'utf8'));
  const archive = path.join(folder, `${called.slice(1).replace('/', '-')}-${version}.tgz`);
  const { stdout } = await execute('tar', ['tzf', archive]);
  return {
    archive,
    files: stdout
      .trim()
      .split('\n')
      .map((file) => file.replace('package/', '')),
  };
}

t.test('what is published has all it needs, and nothing else', async (t) => {
  await link(folder, ['.bin', 'typescript', '@types/node', 'undici-types', 'commander', '@bomb.sh/tab', 'openapi-fetch']);
  const client = await pack('typescript');
  const cli = await pack('command');
  t.match(cli.files.filter((file) => !file.startsWith('dist/')).sort(), ['README.md', 'package.json']);
  t.same(
    cli.files.filter((file) => file.startsWith('dist/') && !file.endsWith('.js')),
    [],
  );

  const installed = path.join(folder, 'installed');
  const manifest = JSON.parse(await readFile(path.join(root, 'openapi/clients/command/package.json'), 'utf8'));
  const foreign = Object.keys(manifest.dependencies).filter((name) => name !== '@triggers-api/client');
  await link(installed, [...foreign, 'openapi-fetch']);
  for (const [name, { archive }] of Object.entries({ cli, client })) {
    const place = path.join(installed, 'node_modules', '@triggers-api', name);
    await mkdir(place, { recursive: true });
    await execute('tar', ['xzf', archive, '--strip-components=1', '-C', place]);
  }

  const program = path.join(installed, 'node_modules/@triggers-api/cli', manifest.bin.triggers);
  t.match(await readFile(program, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  const triggers = (args: string[], env = {}) => spawnCommand(process.execPath, [program, ...args], env).ended;
  t.match(await triggers(['--help']), { code: 0, out: /^Examples:\n {2}triggers status\n[\s\S]*Exit codes:/, messages: '' });
  t.match(await triggers(['--version']), { code: 0, out: `${manifest.version}\n` }, 'and says the version of its package');

  const { addPartner, url } = await startTestApp(t);
  const { key } = await addPartner();
  const sent = await triggers(['send', 'a.b', '--data', '{"n":1}'], { TRIGGERS_API_URL: url, TRIGGERS_API_KEY: key });
  t.match(sent, { code: 0, out: /^evt_\S+\taccepted\n$/, messages: '' });
});
