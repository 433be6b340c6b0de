import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Where the program of that name is on the PATH; empty when it is not there. */
export function pathOf(program: string): string {
  return spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
}

/** Whether packages of Debian may be installed here: by root, on Debian. */
export function mayInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version');
}

/** Installs packages of Debian. @throws Error with what apt-get said and `advice`. */
export function installPackages(packages: readonly string[], advice: string): void {
  console.error(`installing ${packages.join(', ')} (apt-get) …`);
  // RUNLEVEL=1 keeps packages from starting servers of their own: the tests start theirs.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  for (const step of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const { status, stdout, stderr } = spawnSync('apt-get', ['-q', ...step], { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`apt-get ${step.join(' ')} failed:\n${stdout}${stderr}\n${advice}`);
  }
}
