import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { integer, keyClass, line, moment, scopeList } from '../../scripts/administration/options.ts';
import { outcomeOf } from '../../scripts/administration/outcome.ts';
import { confirm } from '../../scripts/administration/output.ts';

const invalid = (message: RegExp) => ({ code: 'commander.invalidArgument', message });

t.test('a number is whole and within its bounds', async (t) => {
  const hours = integer(1, 720);
  t.equal(hours('1'), 1);
  t.equal(hours('720'), 720);
  for (const wrong of ['0', '721', '-1', '1.5', '1e2', '', ' 1', '0x10', 'ten'])
    t.throws(() => hours(wrong), invalid(/from 1 to 720/), wrong);
  t.throws(() => integer(0, Number.MAX_SAFE_INTEGER)('9007199254740993'), invalid(/whole number/), 'nor one that would be rounded');
});

t.test('a text is one line', async (t) => {
  t.equal(line('Acme Corp Ω'), 'Acme Corp Ω');
  for (const wrong of ['', ' ', 'a\nb', 'a\u001b[2J', 'a\u0000', 'x'.repeat(201)])
    t.throws(() => line(wrong), invalid(/control characters/));
});

t.test('classes and scopes are those that exist', async (t) => {
  t.equal(keyClass('live'), 'live');
  t.throws(() => keyClass('prod'), invalid(/beta, test, live/));
  t.same(scopeList('inbox:read,events:write,inbox:read'), ['inbox:read', 'events:write']);
  for (const wrong of ['', 'inbox:read,', 'inbox:all', 'inbox:read, events:write'])
    t.throws(() => scopeList(wrong), invalid(/is not one of/), wrong);
});

t.test('an expiry is a moment in the future, or so many days or hours from now', async (t) => {
  const hours = (date: Date) => (date.getTime() - Date.now()) / 3_600_000;
  t.ok(Math.abs(hours(moment('12h')) - 12) < 0.01);
  t.ok(Math.abs(hours(moment('180d')) - 180 * 24) < 0.01);
  const year = new Date().getUTCFullYear() + 1;
  t.equal(moment(`${year}-05-11T23:59:59+02:00`).toISOString(), `${year}-05-11T21:59:59.000Z`);
  for (const past of ['0d', '2020-01-01T00:00:00Z']) t.throws(() => moment(past), invalid(/in the future/), past);
  for (const wrong of ['tomorrow', '180', '1w', '-1d', `${year}-02-30T00:00:00Z`, `${year}-05-11`])
    t.throws(() => moment(wrong), invalid(/RFC 3339/), wrong);
  t.throws(() => moment('999999d'), invalid(/hundred years/));
});

t.test('a question is answered by y; enter, n and Ctrl-C change nothing', async (t) => {
  const ask = (keys: string) => {
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode() {} });
    input.write(keys);
    return confirm('Revoke it', undefined, { input, output: new PassThrough() });
  };
  for (const answer of ['y', 'Y']) await t.resolves(ask(answer), answer);
  for (const answer of ['\r', 'n', '\x03']) {
    await t.rejects(ask(answer), { exitCode: 1, message: /nothing was changed/ }, JSON.stringify(answer));
  }
});

t.test('nothing is asked when --yes was given, and nothing is done when there is nobody to ask', async (t) => {
  const output = new PassThrough();
  await confirm('Revoke it', true, { input: new PassThrough(), output });
  await t.rejects(confirm('Revoke it', undefined, { input: new PassThrough(), output }), { exitCode: 2, message: /--yes/ });
  output.end();
  t.equal(await text(output), '');
});

t.test('an error of the database is told apart: away, refusing us, without tables, a file, anything else', async (t) => {
  const error = (code: string, more = {}) => Object.assign(new Error('said the driver'), { code, ...more });
  for (const code of ['ECONNREFUSED', '57P03', '28P01', '3D000']) t.equal(outcomeOf(error(code)).exitCode, 5, code);
  t.match(outcomeOf(error('42P01')), { exitCode: 5, message: /migrations/ });
  for (const syscall of ['open', 'rename', 'fsync']) t.equal(outcomeOf(error('EACCES', { syscall })).exitCode, 2, syscall);
  t.equal(outcomeOf(error('EISDIR', { syscall: 'read', path: '/folder' })).exitCode, 2);
  const sockets = [{ syscall: 'connect', address: '/run/.s.PGSQL.5432' }, { syscall: 'getaddrinfo', hostname: 'db' }, { syscall: 'read' }];
  for (const socket of sockets) t.equal(outcomeOf(error('ENOENT', socket)).exitCode, 5, socket.syscall);
  t.match(outcomeOf(error('42601')), { exitCode: 1, message: 'said the driver' });
});
