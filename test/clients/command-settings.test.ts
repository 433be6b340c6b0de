import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { startTestApp } from '../helper/app.ts';
import { nobody, type RunOptions, runCommand } from './command-run.ts';

const { addPartner, url } = await startTestApp(t);
const { key, slug } = await addPartner();
const wrong = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`;

/** Commands of somebody with a home of their own. */
function setUp(testdir: string) {
  const file = path.join(testdir, 'triggers', 'config.json');
  const triggers = (args: string[], { env, ...options }: RunOptions = {}) =>
    runCommand(args, { ...options, env: { XDG_CONFIG_HOME: testdir, ...env } });
  return { file, triggers };
}

t.test('a login is checked, kept for its owner alone, and used from then on', async (t) => {
  const { file, triggers } = setUp(t.testdir());
  const kept = await triggers(['login', '--url', `${url}/`], { input: `${key}\n` });
  t.match(kept, { code: 0, out: '', messages: `the key is good; kept as the profile "default" in ${file}\n` });
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.equal((await stat(path.dirname(file))).mode & 0o777, 0o700);
  t.same(JSON.parse(await readFile(file, 'utf8')), { profiles: { default: { url, key } } });
  t.same(await readdir(path.dirname(file)), ['config.json'], 'nothing else is left there');
  const { code, out } = await triggers(['status']);
  t.equal(code, 0);
  t.match(out, /^key\tgood \(from the profile "default"\)\n/);
});

t.test('on a terminal the key is asked for and not shown', async (t) => {
  const { file, triggers } = setUp(t.testdir());
  const { code, out, messages } = await triggers(['login', '--url', url], { terminal: true, input: `${key}\n` });
  t.equal(code, 0);
  t.equal(out, '');
  t.ok(messages.startsWith(`API key for ${url}: `));
  t.notOk(messages.includes(key.slice(-36)), 'no part of it is shown');
  t.match(await readFile(file, 'utf8'), key);
});

t.test('a key that is refused, or of a service that does not answer, is not kept and not repeated', async (t) => {
  const { file, triggers } = setUp(t.testdir());
  const refused = await triggers(['login', '--url', url], { input: wrong });
  t.match(refused, { code: 4, messages: /^triggers: the key is refused/ });
  t.match(await triggers(['login', '--url', await nobody()], { input: key }), { code: 5 });
  t.match(await triggers(['login', '--url', url], { input: '' }), { code: 2, messages: /the API key is not one/ });
  t.match(await triggers(['login'], { input: key }), { code: 2, messages: /no address of the service/ });
  t.notOk(refused.messages.includes(wrong));
  await t.rejects(stat(file), { code: 'ENOENT' });
});

t.test('profiles are kept side by side, chosen by name, and forgotten', async (t) => {
  const { triggers } = setUp(t.testdir());
  const other = await addPartner();
  await triggers(['login', '--url', url], { input: key });
  await triggers(['login', '--profile', 'other', '--url', url, '--json'], { input: other.key });
  const account = async (args: string[], env?: Record<string, string>) => {
    const { out, messages } = await triggers([...args, 'status', '--json'], { env });
    return out === '' ? messages : JSON.parse(out).account.partner_name;
  };
  t.equal(await account([]), slug);
  t.equal(await account(['--profile', 'other']), other.slug);
  t.equal(await account([], { TRIGGERS_PROFILE: 'other' }), other.slug);
  t.equal(await account([], { API_KEY: key, API_URL: url, TRIGGERS_PROFILE: 'other' }), slug, 'the environment comes before a profile');
  t.equal(await account(['--profile', 'other'], { API_KEY: key, API_URL: url }), other.slug, 'but not before --profile');
  t.equal(await account([], { TRIGGERS_API_KEY: other.key, API_KEY: key, API_URL: url }), other.slug);
  t.match(await account(['--profile', 'none']), /there is no profile "none"\n {2}Make it: triggers login --profile none/);
  t.match(await triggers(['logout', '--profile', 'other']), { code: 0, messages: 'the profile "other" is forgotten\n' });
  t.match(await triggers(['logout', '--profile', 'other']), { code: 2 });
  t.equal(await account([]), slug);
});

t.test("a profile's key goes to its own server alone", async (t) => {
  const { triggers } = setUp(t.testdir());
  await triggers(['login', '--url', url], { input: key });
  for (const name of ['API_URL', 'TRIGGERS_API_URL']) {
    const { code, messages } = await triggers(['status'], { env: { [name]: await nobody() } });
    t.equal(code, 2, 'and not 5: nobody is asked');
    t.match(messages, /names another server than the profile "default", whose key goes to .+ alone\n {2}Set TRIGGERS_API_KEY too/);
  }
  t.match(await triggers(['status'], { env: { API_URL: `${url}/` } }), { code: 0 }, 'the same server is no other');
});

t.test('a file of keys that others can read, or that is not one, is refused', async (t) => {
  const { file, triggers } = setUp(t.testdir());
  await mkdir(path.dirname(file));
  await writeFile(file, JSON.stringify({ profiles: { default: { url, key } } }));
  await chmod(file, 0o640);
  t.match(await triggers(['status']), { code: 2, messages: /others on this machine can read the keys in .+\n {2}chmod 600/ });
  await chmod(file, 0o600);
  t.match(await triggers(['status']), { code: 0 });
  for (const text of ['', '{}', '{"profiles":{"default":{"url":1}}}']) {
    await writeFile(file, text);
    t.match(await triggers(['status']), { code: 2, messages: /is not as triggers login writes it\n {2}Delete it/ }, text);
  }
});

t.test('without a key or an address a command says where to get them', async (t) => {
  const { triggers } = setUp(t.testdir());
  t.match(await triggers(['status']), {
    code: 2,
    messages: /no API key\n {2}Set TRIGGERS_API_KEY and TRIGGERS_API_URL, or run: triggers login/,
  });
  t.match(await triggers(['status'], { env: { API_KEY: key } }), {
    code: 2,
    messages: /no address of the service\n {2}Set TRIGGERS_API_URL/,
  });
  for (const bad of ['api.example.com', 'ftp://x', 'http://user:word@x', 'http://x?a=1']) {
    const { code, messages } = await triggers(['status'], { env: { API_KEY: key, API_URL: bad } });
    t.match({ code, messages }, { code: 2, messages: /must be like https/ }, bad);
    t.notMatch(messages, 'word@');
  }
  for (const bad of ['two words', 'ä', 'x'.repeat(300), 'a\nb']) {
    const { code, messages } = await triggers(['status'], { env: { API_KEY: bad, API_URL: url } });
    t.match({ code, messages }, { code: 2, messages: /the API key is not one/ });
    t.notOk(messages.includes(bad));
  }
});

t.test('a key as an argument is refused before anything else, and not repeated', async (t) => {
  const { triggers } = setUp(t.testdir());
  for (const args of [
    ['login', key],
    ['status', '--profile', key],
    ['send', 'a.b', '--data', `{"key":"${key}"}`],
    ['show', key.slice(0, -1)],
    [key],
  ]) {
    const { code, out, messages } = await triggers(args, { env: { API_KEY: key, API_URL: url } });
    t.match({ code, out }, { code: 2, out: '' });
    t.match(messages, /^triggers: that is an API key: .+ consider it leaked\n {2}Rotate it/);
    t.notOk(messages.includes(key.slice(-30)));
  }
});

t.test('every kind of refusal has its exit code, a sentence and what to do', async (t) => {
  const { triggers } = setUp(t.testdir());
  const env = { TRIGGERS_API_KEY: key, TRIGGERS_API_URL: url };
  t.match(await triggers(['status'], { env: { ...env, TRIGGERS_API_KEY: wrong } }), {
    code: 4,
    out: '',
    messages:
      /^triggers: the key is refused: .+ \(unauthenticated\)\n {2}Check TRIGGERS_API_KEY .+\n {2}Request id, for support: [\w-]+\n$/,
  });
  t.match(await triggers(['usage'], { terminal: true, env: { ...env, TRIGGERS_API_URL: await nobody() } }), {
    code: 5,
    messages: /^triggers: the service cannot be reached: .+ECONNREFUSED.+\n {2}Check the address/,
  });
  const usage: [string[], RegExp][] = [
    [['send'], /which type of event\?/],
    [['send', 'a.b', '--data', '[1]'], /--data must be a JSON object/],
    [['send', 'a.b', '--data', '{'], /--data is not JSON/],
    [['send', 'a.b', '--file', '/nowhere.json'], /cannot read \/nowhere\.json: ENOENT/],
    [['send', '--batch', '--file', '/nowhere.json'], /cannot read \/nowhere\.json: ENOENT/],
    [['send', 'a.b', '--data', '{}', '--file', 'x'], /cannot be used with option/],
    [['send', 'a.b', '--data', '{}', '--metadata', 'x'], /It must be name=value/],
    [['send', 'a.b', '--data', '{}', '--timestamp', 'yesterday'], /RFC 3339/],
    [['send', 'a.b', '--batch', '--timestamp', '10m'], /--timestamp must be a time here.+\n {2}Such as: --timestamp \d{4}-/],
    [['send', 'a.b', '--data', '{}', '--idempotency-key', 'a', '--timestamp', '10m'], /--timestamp must be a time here/],
    [['inbox', '--limit', '0'], /whole number from 1/],
    [['inbox', '--event-type', 'a b'], /neither a type such as/],
    [['ack'], /give the ids of events, or --all/],
    [['ack', 'order_1'], /that is not the id of an event/],
    [['replay'], /give the ids of events, or --from/],
    [['replay', '--event-type', 'a.b'], /--from is needed/],
    [['listen', '--forward-to', 'http://user:word@localhost'], /It must be an address/],
    [['nothing'], /unknown command/],
    [[], /Usage: triggers/],
  ];
  for (const [args, messages] of usage) t.match(await triggers(args, { env }), { code: 2, out: '', messages }, args.join(' '));
});
