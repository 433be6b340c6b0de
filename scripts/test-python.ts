import { spawnSync } from 'node:child_process';
import { installPackages, mayInstall } from './test-packages.ts';

/** Of the Python client and the samples: what they say they need. */
const least = [3, 9] as const;

const missingText = `There is no Python ${least.join('.')} or newer for the tests of the Python client and the samples. One of these helps:
  - install it (Debian: sudo apt-get install python3; macOS: brew install python)
  - set TEST_PYTHON to it`;

/**
 * Python, as the environment of the tests: the one given, else that on the PATH, else Debian's package when we may install it.
 * @throws Error that says what to do when there is no way.
 */
export function findPython(env: NodeJS.ProcessEnv = process.env): { TEST_PYTHON: string } {
  const given = env.TEST_PYTHON || 'python3';
  if (!isGood(given, env) && !env.TEST_PYTHON && mayInstall()) installPackages(['python3'], missingText);
  if (!isGood(given, env)) throw new Error(missingText);
  return { TEST_PYTHON: given };
}

function isGood(program: string, env: NodeJS.ProcessEnv): boolean {
  return spawnSync(program, ['-c', `import sys, sqlite3; sys.exit(sys.version_info < (${least}))`], { env }).status === 0;
}
