import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { findPython } from '../../scripts/test-python.ts';
import { startTestApp } from '../helper/app.ts';

/**
 * The tests of the Python client are Python's own unittest, in openapi/clients/python/tests. Here each of its files runs against the real server, with
 * partners of its own, and each of its tests is one of ours.
 */
const folder = fileURLToPath(new URL('../../openapi/clients/python/', import.meta.url));
const { TEST_PYTHON: python } = findPython();
const { url, addPartner } = await startTestApp(t);

/** Files, and how many tests each has at least: one that found none would pass. */
const files = { test_send: 18, test_retry: 11, test_inbox: 28, test_work: 11, test_readme: 1, test_package: 3 };

const keysOf = new Map<string, string[]>();
for (const file of Object.keys(files)) {
  const keys: string[] = [];
  for (let n = 0; n < 40; n += 1) keys.push((await addPartner({ slug: `${file.replace('_', '')}${n}` })).key);
  keysOf.set(file, keys);
}

t.jobs = Object.keys(files).length;

for (const [file, least] of Object.entries(files)) {
  t.test(`${file}.py`, async (t) => {
    const keys = keysOf.get(file) as string[];
    const child = spawn(python, ['-W', 'error', '-m', 'unittest', '-v', `tests.${file}`], {
      cwd: folder,
      env: { PATH: process.env.PATH, TEST_API_URL: url, TEST_API_KEYS: keys.join(','), PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [printed, report, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    const tests = [...report.matchAll(/^(test_\w+) \(.*?\)(?:\n.*?)? \.\.\. (\w+)/gm)];
    for (const [, name = '', result] of tests) t.equal(result, 'ok', name.replace('test_', '').replaceAll('_', ' '));
    t.ok(tests.length >= least, `${tests.length} tests ran, at least ${least}`);
    t.equal(code, 0, `${report}${printed}`);
    t.notOk(
      keys.some((key) => report.includes(key)),
      'no key is printed',
    );
  });
}
