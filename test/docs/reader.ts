import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { createPartner, issueKey } from '../../src/modules/partners/store.ts';
import { createKeyFile } from '../../src/platform/vault/key-file.ts';
import { openVault } from '../../src/platform/vault/open-vault.ts';
import { startTestApp, testPepper } from '../helper/app.ts';
import { startSlack } from '../helper/slack.ts';
import { startSmtp } from '../helper/smtp.ts';
import { notRun, type Page, pagesOfPartners, pagesWithOurs } from './pages.ts';
import { isAsShown, runSnippets, snippetsOf, strictCurl } from './snippets.ts';

/** Whoever tries what a page shows, on a service of their own. */
export type Reader = {
  /** Where their settings are. */
  folder: string;
  /** The environment of somebody who has run ./scripts/start with LOCAL_DIR: its two files, and the variables of the first. Mail and Slack are doubles. */
  localEnv(slug: string): Promise<NodeJS.ProcessEnv>;
  /** The environment of a partner: an address and a key, and no trace of a ./scripts/start. */
  partnerEnv(slug: string): Promise<NodeJS.ProcessEnv>;
  /** Tests that the snippets of a page work as printed, one after the other. */
  tries(page: Page, options?: { buffered: boolean }): void;
};

export async function startReader(t: Test): Promise<Reader> {
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
  const { DATABASE_URL, NODE_OPTIONS, LOCAL_DIR, ...own } = process.env;
  // `triggers` as somebody has it who has installed the command.
  await mkdir(path.join(folder, 'bin'));
  const command = fileURLToPath(new URL('../../scripts/triggers', import.meta.url));
  await writeFile(path.join(folder, 'bin', 'triggers'), `#!/bin/sh\nexec '${command}' "$@"\n`, { mode: 0o755 });
  const installed = { PATH: `${path.join(folder, 'bin')}:${process.env.PATH}`, XDG_CONFIG_HOME: folder };
  let pages = 0;

  async function localEnv(slug: string): Promise<NodeJS.ProcessEnv> {
    await createPartner(app.pools.db, { slug, fields: { rate_limit_per_sec: 10_000 } });
    const { api_key: key } = await issueKey(app.pools.db, secrets, { slug, keyClass: 'test' });
    await writeFile(path.join(folder, 'demo.env'), `API_URL=${url}\nAPI_KEY=${key}\n`);
    const settings = `DATABASE_URL=${databaseUrl}\nKEY_PEPPER='${testPepper}'\nVAULT_KEY_FILE=${vaultFile}\n`;
    await writeFile(path.join(folder, 'server.env'), settings);
    return { ...own, ...installed, ...onboarding, LOCAL_DIR: folder, API_URL: url, API_KEY: key };
  }

  async function partnerEnv(slug: string): Promise<NodeJS.ProcessEnv> {
    const { API_URL, API_KEY } = await localEnv(slug);
    return { ...own, ...installed, API_URL, API_KEY };
  }

  function tries({ name, text }: Page, options: { buffered: boolean } = { buffered: false }): void {
    const snippets = snippetsOf(text).filter(({ code }) => !notRun.has(code));
    if (snippets.length === 0) return;
    pages += 1;
    const slug = `docs${pages}`;
    t.test(`the snippets of ${name} work as printed, one after the other`, options, async (t) => {
      const readsAsPartner = pagesOfPartners.includes(name) && !pagesWithOurs.includes(name);
      const env = await (readsAsPartner ? partnerEnv : localEnv)(slug);
      const { code, errors, printed } = await runSnippets(snippets, { ...env, ...(await strictCurl(folder)) });
      const last = snippets[printed.length - 1];
      t.equal(code, 0, `the last snippet that ran is that of line ${last?.line}; it printed: ${printed.at(-1)}${errors}`);
      t.equal(printed.length, snippets.length, 'all of them ran');
      for (const [position, { line, prints }] of snippets.entries()) {
        if (prints === undefined) continue;
        t.ok(isAsShown(printed[position] ?? '', prints), `line ${line} prints what the page shows; it printed: ${printed[position]}`);
      }
    });
  }

  return { folder, localEnv, partnerEnv, tries };
}
