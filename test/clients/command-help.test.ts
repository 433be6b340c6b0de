import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import t from 'tap';
import { Context } from '../../openapi/clients/command/src/context.ts';
import { together } from '../../openapi/clients/command/src/groups.ts';
import { createProgram } from '../../openapi/clients/command/src/program.ts';
import { duration, printable, relative, shortened } from '../../openapi/clients/command/src/text.ts';
import { version } from '../../openapi/clients/command/src/version.ts';
import { runCommand } from './command-run.ts';

const { stdin, stdout, stderr } = process;
const program = createProgram(new Context({ stdin, stdout, stderr, env: {}, signal: new AbortController().signal }));
const commands = program
  .createHelp()
  .visibleCommands(program)
  .filter((each) => each.name() !== 'help');

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

t.test('the help of every command begins with examples of it, which name options that there are', (t) => {
  t.ok(commands.length >= 11, `${commands.length} commands`);
  for (const command of commands) {
    const help = helpOf(command);
    const [, examples] = /^Examples:\n((?: {2}.+\n)+)\nUsage: /.exec(help) ?? [];
    const own = examples?.split(/\n|\|/).filter((line) => line.includes(`triggers ${command.name()}`));
    t.ok(own?.length, `${command.name()}: ${help}`);
    const known = ['--help', '--profile', ...command.options.map(({ long }) => long)];
    const named = own?.flatMap((line) => line.match(/(?<= )--[a-z-]+/g) ?? []) ?? [];
    t.same(
      named.filter((option) => !known.includes(option)),
      [],
      command.name(),
    );
  }
  t.end();
});

t.test('every command takes --json, but completion, and none takes a key', (t) => {
  const without = commands.filter(({ options }) => !options.some(({ long }) => long === '--json'));
  t.same(
    without.map((command) => command.name()),
    ['completion'],
  );
  t.notMatch(commands.map(helpOf).join(''), /--(api-)?key\b/);
  t.end();
});

t.test('the help has every exit code and where the key comes from', async (t) => {
  const { code, out, messages } = await runCommand(['--help']);
  t.match({ code, messages }, { code: 0, messages: '' });
  for (const each of [0, 1, 2, 3, 4, 5, 130, 141, 143]) t.match(out, new RegExp(`\n {2}${each} +\\w`), String(each));
  for (const each of ['TRIGGERS_API_KEY', 'TRIGGERS_API_URL', 'TRIGGERS_PROFILE', '--profile', 'config.json', 'NO_COLOR'])
    t.ok(out.includes(each), each);
});

t.test('the version is that of the package', async (t) => {
  const manifest = JSON.parse(await readFile(new URL('../../openapi/clients/command/package.json', import.meta.url), 'utf8'));
  t.equal(version, manifest.version);
});

t.test('times are told by their largest unit', (t) => {
  const seconds = [0, 0.4, 59, 60, 3_599, 3_600, 86_399, 86_400, 86_400 * 40];
  t.same(seconds.map(duration), ['0 s', '0 s', '59 s', '1 min', '60 min', '1 h', '24 h', '1 d', '40 d']);
  const now = Date.parse('2026-11-24T10:00:00Z');
  t.equal(relative('2026-11-24T09:55:00Z', now), '5 min ago');
  t.equal(relative('2026-11-27T10:00:00Z', now), 'in 3 d');
  t.equal(relative('2026-11-24T10:00:00.300Z', now), 'now');
  t.equal(relative('never\n', now), 'never\\u000a');
  t.end();
});

t.test('a text is cut between characters, and what a terminal acts upon is written out', (t) => {
  t.equal(shortened('12345', 5), '12345');
  t.equal(shortened('123456', 5), '1234…');
  t.equal(shortened('😀😀😀', 3), '😀😀😀');
  t.equal(shortened('😀😀😀😀', 3), '😀😀…');
  t.equal(printable('a\u001b[1mb\u009bc\u202ed\te\u007f'), 'a\\u001b[1mb\\u009bc\\u202ed\\u0009e\\u007f');
  t.equal(printable('äß漢😀 "…'), 'äß漢😀 "…');
  t.end();
});

t.test('what comes together goes together, 500 at most, until an error ends it', async (t) => {
  const groups: number[][] = [];
  const items = async function* () {
    for (let n = 0; n < 1_001; n += 1) yield n;
    throw new Error('broken');
  };
  await t.rejects(
    (async () => {
      for await (const group of together(items())) groups.push(group);
    })(),
    { message: 'broken' },
  );
  t.same(
    groups.map(({ length }) => length),
    [500, 500],
  );
  t.equal(groups[1]?.[499], 999);
});
