import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { startTestApp } from '../helper/app.ts';
import { script, spawnCommand } from './command-process.ts';

const { addPartner, request, url } = await startTestApp(t);
const { key } = await addPartner();
const env = { TRIGGERS_API_URL: url, TRIGGERS_API_KEY: key };
const send = (n: number, more = '') => ({ event_type: 'a.b', payload: { n, more } });

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  t.test(`${signal} ends what listens, with a summary and its own exit code`, async (t) => {
    const { child, ended, said } = spawnCommand(script, ['listen'], env);
    await said(/Ctrl-C ends\./);
    child.kill(signal);
    t.match(await ended, { code, out: '', messages: /\n0 events in \d+ s\n$/ });
  });
}

t.test('a reader that has seen enough ends the command with 141 and without a word', async (t) => {
  // More than a pipe holds.
  await request('POST', '/v1/events/batch', { key, body: Array.from({ length: 500 }, (_, n) => send(n, 'x'.repeat(1_000))) });
  const pipeline = `set -o pipefail; ${script} inbox --limit 500 --json | head -n 1`;
  const { code, out, messages } = await spawnCommand('bash', ['-c', pipeline], env).ended;
  t.same({ code, messages }, { code: 141, messages: '' });
  t.match(JSON.parse(out), { payload: { n: 0 } });
});

t.test('a pipe of commands does what each does: list, pick, acknowledge', async (t) => {
  const pipeline = `set -o pipefail; ${script} inbox --limit 2 | cut -f 1 | ${script} ack -`;
  const { code, out, messages } = await spawnCommand('bash', ['-c', pipeline], env).ended;
  t.match({ code, messages }, { code: 0, messages: '' });
  t.match(out, /^evt_\S+\tacknowledged\nevt_\S+\tacknowledged\n$/);
});

t.test('at a real terminal the key is typed unseen', async (t) => {
  const home = t.testdir();
  // Python's pty is a terminal around a command; what is written to it is typed.
  const terminal = ['-c', 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)', script, 'login', '--url', url];
  const { child, ended, said } = spawnCommand('python3', terminal, { XDG_CONFIG_HOME: home });
  await said(/API key for .+: /);
  child.stdin.write(`${key}\r`);
  const { code, out } = await ended;
  t.equal(code, 0, out);
  t.match(out, /the key is good; kept as the profile "default"/);
  t.notOk(out.includes(key.slice(0, -20)), 'it is not shown');
  const file = path.join(home, 'triggers', 'config.json');
  t.match(await readFile(file, 'utf8'), key);
  t.equal((await stat(file)).mode & 0o777, 0o600);
});

t.test('a shell completes commands, options, and the values of those that have few', async (t) => {
  const complete = async (...words: string[]) =>
    (await spawnCommand(script, ['complete', '--', ...words]).ended).out.split('\n').map((line) => line.split('\t')[0]);
  const [commands, options, values, setUp] = await Promise.all([
    complete(''),
    complete('listen', '--f'),
    complete('replay', '--status', ''),
    spawnCommand('bash', ['-c', `${script} completion bash | bash -n`]).ended,
  ]);
  for (const each of ['status', 'send', 'listen', 'inbox', 'ack', 'replay', 'usage', 'login']) t.ok(commands.includes(each), each);
  t.ok(options.includes('--forward-to'));
  t.match(values, ['acknowledged', 'dead_lettered', 'any']);
  t.match(setUp, { code: 0, messages: '' }, 'what it prints for bash is bash');
});
