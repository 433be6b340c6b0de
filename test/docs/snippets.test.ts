import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { serverPaths } from '../../docs/.vitepress/pages.ts';
import { createPartner, issueKey } from '../../src/modules/partners/store.ts';
import { createKeyFile } from '../../src/platform/vault/key-file.ts';
import { openVault } from '../../src/platform/vault/open-vault.ts';
import { startTestApp, testPepper } from '../helper/app.ts';
import { startSlack } from '../helper/slack.ts';
import { startSmtp } from '../helper/smtp.ts';
import { blocksOf, isAsShown, runProgram, runSnippets, snippetsOf, strictCurl } from './snippets.ts';

/** Snippets that are shown and not run here, each with the reason. */
const notRun = new Map([
  ['./scripts/start', 'runs until it is stopped; the tests of test/scripts start and stop it'],
  ['./scripts/test', 'is what runs this file'],
  ['triggers listen --forward-to http://localhost:3000/hook', 'runs until it is stopped; test/clients/command-listen.test.ts forwards'],
  ['docker compose up', 'needs Docker and images from a registry, and runs until it is stopped'],
]);

const root = new URL('../../', import.meta.url);
const names = (await readdir(new URL('docs/', root), { recursive: true })).filter((name) => name.endsWith('.md')).sort();
const pages = await Promise.all(
  ['README.md', 'scripts/README.md', ...names.map((name) => `docs/${name}`)].map(async (name) => ({
    name,
    text: await readFile(new URL(name, root), 'utf8'),
  })),
);

const folder = await mkdtemp(path.join(tmpdir(), 'triggers-docs-'));
t.teardown(() => rm(folder, { recursive: true, force: true }));
const vaultFile = path.join(folder, 'vault.json');
await createKeyFile(vaultFile);
const { app, url, databaseUrl } = await startTestApp(t, { VAULT_KEY_FILE: vaultFile });
const secrets = { pepper: testPepper, vault: openVault({ keyFile: vaultFile }) };
const slack = await startSlack(t);
const onboarding = {
  SMTP_URL: (await startSmtp(t)).url,
  MAIL_FROM: 'Triggers API <beta@triggers.example>',
  SLACK_API_URL: slack.url,
  SLACK_BOT_TOKEN: slack.token,
  PUBLIC_URL: url,
};
const { DATABASE_URL, NODE_OPTIONS, ...own } = process.env;
// `triggers` as somebody has it who has installed the command.
await mkdir(path.join(folder, 'bin'));
const command = fileURLToPath(new URL('scripts/triggers', root));
await writeFile(path.join(folder, 'bin', 'triggers'), `#!/bin/sh\nexec '${command}' "$@"\n`, { mode: 0o755 });
const installed = { PATH: `${path.join(folder, 'bin')}:${process.env.PATH}`, XDG_CONFIG_HOME: folder };

/**
 * The environment of somebody who has run ./scripts/start with LOCAL_DIR: its two files, and the variables of the first. Mail and Slack are doubles.
 */
async function localEnv(slug: string): Promise<NodeJS.ProcessEnv> {
  await createPartner(app.pools.db, { slug, fields: { rate_limit_per_sec: 10_000 } });
  const { api_key: key } = await issueKey(app.pools.db, secrets, { slug, keyClass: 'test' });
  await writeFile(path.join(folder, 'demo.env'), `API_URL=${url}\nAPI_KEY=${key}\n`);
  await writeFile(
    path.join(folder, 'server.env'),
    `DATABASE_URL=${databaseUrl}\nKEY_PEPPER='${testPepper}'\nVAULT_KEY_FILE=${vaultFile}\n`,
  );
  return { ...own, ...installed, ...onboarding, LOCAL_DIR: folder, API_URL: url, API_KEY: key };
}

for (const [index, { name, text }] of pages.entries()) {
  const snippets = snippetsOf(text).filter(({ code }) => !notRun.has(code));
  if (snippets.length === 0) continue;
  t.test(`the snippets of ${name} work as printed, one after the other`, async (t) => {
    const { code, errors, printed } = await runSnippets(snippets, { ...(await localEnv(`docs${index}`)), ...(await strictCurl(folder)) });
    const last = snippets[printed.length - 1];
    t.equal(code, 0, `the last snippet that ran is that of line ${last?.line}; it printed: ${printed.at(-1)}${errors}`);
    t.equal(printed.length, snippets.length, 'all of them ran');
    for (const [position, { line, prints }] of snippets.entries()) {
      if (prints === undefined) continue;
      t.ok(isAsShown(printed[position] ?? '', prints), `line ${line} prints what the page shows; it printed: ${printed[position]}`);
    }
  });
}

/** Languages that are run or checked, here or where the comment says. Everything else in a block is for the eye. */
const known = new Set(['sh', 'json', 'python', 'js', 'text', 'mermaid', 'promql', '']);

const programs = pages.flatMap(({ name, text }) =>
  blocksOf(text)
    .filter(({ language, sample }) => ['python', 'js'].includes(language) && sample === undefined)
    .map((block) => ({ name, block })),
);
for (const [index, { name, block }] of programs.entries()) {
  t.test(`the program of ${name}, line ${block.line}, ends well`, async (t) => {
    const env = await localEnv(`program${index}`);
    const clientEnv = { TRIGGERS_API_URL: env.API_URL, TRIGGERS_API_KEY: env.API_KEY };
    const { code, output } = await runProgram(block, { ...env, ...clientEnv });
    t.equal(code, 0, output);
  });
}

t.test('every block is run, a copy of a sample, JSON, or for the eye', (t) => {
  for (const { name, text } of pages) {
    for (const { language, code, line, sample, answers } of blocksOf(text)) {
      t.ok(known.has(language), `${name}, line ${line}: a block of ${language}`);
      if (sample !== undefined) t.ok(existsSync(new URL(sample, root)), `${name}, line ${line}: ${sample}`);
      if (language !== 'json' || answers !== undefined) continue;
      t.doesNotThrow(() => JSON.parse(code), `${name}, line ${line}: JSON that stands alone`);
    }
  }
  t.end();
});

t.test('the list of snippets that are not run names only snippets that are there', (t) => {
  const all = new Set(pages.flatMap(({ text }) => snippetsOf(text).map(({ code }) => code)));
  t.same(
    [...notRun.keys()].filter((code) => !all.has(code)),
    [],
  );
  t.end();
});

t.test('a snippet that is answered with an error ends the run and fails it', async (t) => {
  const page = '```sh\ncurl -sS "$API_URL/v1/inbox" -H \'X-API-Key: wrong\'\n```\n\n```sh\necho never\n```';
  const { code, printed } = await runSnippets(snippetsOf(page), { ...(await localEnv('wrong')), ...(await strictCurl(folder)) });
  t.equal(code, 22, 'the code of curl --fail-with-body');
  t.equal(printed.length, 1);
  t.match(printed[0], '"code":"unauthenticated"');
});

t.test('what a page shows is compared to the last character', (t) => {
  t.ok(isAsShown('{"a":"x1","b":2}\n', '{"a":"…","b":2}'));
  t.notOk(isAsShown('{"a":"x1","b":2,"c":3}', '{"a":"…","b":2}'));
  t.notOk(isAsShown('{"a":"x1","b":2}', '{"a":"…","b":…3}'));
  t.end();
});

t.test('every file, script and link that the pages name is there', async (t) => {
  const scripts = JSON.parse(await readFile(new URL('package.json', root), 'utf8')).scripts;
  for (const { name, text } of pages) {
    const page = new URL(name, root);
    // What begins with a slash is answered by the server.
    const places = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] as string);
    for (const place of places.filter((each) => each.startsWith('/'))) t.ok(serverPaths.includes(place), `${name}: ${place}`);
    const links = places.filter((each) => !each.startsWith('/')).map((place) => new URL(place, page));
    const files = [...text.matchAll(/(?<![\w/.])((?:\.\/)?(?:src|test|scripts|migrations|docs|deploy|\.ci)\/[\w./-]*\w)/g)].map(
      (match) => new URL(match[1] as string, root),
    );
    t.same([...links, ...files].filter((each) => !existsSync(each)).map(String), [], name);
    const commands = [...text.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] as string);
    t.same(
      commands.filter((command) => !(command in scripts)),
      [],
      name,
    );
  }
});
