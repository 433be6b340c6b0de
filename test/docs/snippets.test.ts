import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { createPartner, issueKey } from '../../src/modules/partners/store.ts';
import { createKeyFile } from '../../src/platform/vault/key-file.ts';
import { openVault } from '../../src/platform/vault/open-vault.ts';
import { startTestApp, testPepper } from '../helper/app.ts';
import { startSlack } from '../helper/slack.ts';
import { startSmtp } from '../helper/smtp.ts';
import { isAsShown, runSnippets, snippetsOf, strictCurl } from './snippets.ts';

/** Snippets that are shown and not run here, each with the reason. */
const notRun = new Map([
  ['./scripts/start', 'runs until it is stopped; the tests of test/scripts start and stop it'],
  ['./scripts/test', 'is what runs this file'],
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
  return { ...own, ...onboarding, LOCAL_DIR: folder, API_URL: url, API_KEY: key };
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
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => new URL(match[1] as string, page));
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
