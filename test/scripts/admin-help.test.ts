import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import t from 'tap';
import { createProgram } from '../../scripts/administration/program.ts';
import { runAdminProcess } from './admin-process.ts';

/** Every command that can be called, with its words. */
function callable(command: Command, words: string[] = []): { words: string[]; command: Command }[] {
  const below = command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help')
    .flatMap((each) => callable(each, [...words, each.name()]));
  const isGroup = below.length > 0 && command.registeredArguments.length === 0;
  return isGroup ? below : [{ words, command }, ...below];
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

const program = createProgram();
const commands = callable(program);

t.test('the help of every command begins with examples of it', (t) => {
  t.ok(commands.length >= 24, `${commands.length} commands`);
  for (const { words, command } of commands) {
    const help = helpOf(command);
    t.match(help, /^Examples:\n( {2}.*\.\/scripts\/admin .*\n)+\nUsage: /, words.join(' '));
    t.ok(help.includes(`./scripts/admin ${words.join(' ')}`), `${words.join(' ')} is in its own examples`);
  }
  t.end();
});

t.test('every command takes --json, but completion, as the help says', (t) => {
  t.match(helpOf(program), /All but completion take\s--json/);
  const without = commands.filter(({ command }) => !command.options.some(({ long }) => long === '--json'));
  t.same(
    without.map(({ words }) => words.join(' ')),
    ['completion'],
  );
  t.end();
});

t.test('the examples of commands name options that there are', (t) => {
  for (const { words, command } of commands) {
    const known = ['--help', ...command.options.flatMap(({ long, short }) => [long, short])];
    const own = helpOf(command)
      .split('\nUsage: ')[0]
      ?.split(/\n|&&|\|/)
      .filter((line) => line.includes(`./scripts/admin ${words.join(' ')}`));
    const named = own?.flatMap((line) => line.match(/(?<=\s)--[a-z-]+/g) ?? []) ?? [];
    t.same(
      named.filter((option) => !known.includes(option)),
      [],
      words.join(' '),
    );
  }
  t.end();
});

t.test('the help as a program prints it, with every exit code', async (t) => {
  const { code, out, messages } = await runAdminProcess({}, ['--help']);
  t.match({ code, messages }, { code: 0, messages: '' });
  t.match(out, /^Examples:\n {2}\.\/scripts\/admin [\s\S]*Usage: [\s\S]*Exit codes:\n {2}0 +done\n/);
  for (const each of ['1', '2', '3', '4', '5', '130', '141', '143']) t.match(out, new RegExp(`\n {2}${each} +\\w`), each);
});

t.test('a shell completes commands, options, and the values of those that have few', async (t) => {
  const complete = async (...words: string[]) =>
    (await runAdminProcess({}, ['complete', '--', ...words])).out.split('\n').map((line) => line.split('\t')[0]);
  t.match(await complete('keys', ''), ['issue', 'list', 'show', 'change', 'rotate', 'revoke', 'reveal', 'check']);
  t.ok((await complete('keys', 'revoke', '--')).includes('--dry-run'));
  t.match(await complete('keys', 'issue', 'acme', '--class', ''), ['beta', 'test', 'live']);
  t.match(await complete('partners', 'import', 'p.csv', '--class', ''), ['beta', 'test', 'live']);
  t.match(await complete('keys', 'rotate', '17', '--grace', ''), ['0', '1h', '24h', '7d']);
  t.match(await complete('partners', 'verify', '--format', ''), ['csv', 'json', 'yaml']);
});

t.test('a whole key as an argument is refused before anything else, and not repeated', async (t) => {
  const key = `sk_beta_acme_${'k'.repeat(36)}`;
  const file = path.join(t.testdir(), 'p.csv');
  await writeFile(file, 'slug\nacme\n');
  for (const args of [
    ...['revoke', 'reveal', 'show', 'rotate', 'change'].map((verb) => ['keys', verb, key]),
    ['keys', 'show', key.slice(0, -1)],
    ['keys', 'list', key],
    ['keys', key],
    ['keys', 'revoke', '17', '--reason', `found ${key} in a log`],
    ['partners', 'import', file, `--reason=${key}`],
  ]) {
    const { code, out, messages } = await runAdminProcess({ LOCAL_DIR: t.testdirName }, args);
    t.match({ code, out }, { code: 2, out: '' }, args.slice(0, 2).join(' '));
    t.match(messages, /that is a whole key: name it by its number or prefix, and consider it leaked/);
    t.notMatch(messages, /kkkkkkk/);
  }
  t.match(await runAdminProcess({ LOCAL_DIR: t.testdirName }, ['keys', 'show', 'sk_beta_acme_kkkkkk']), { code: 5 }, 'a prefix is none');
});
