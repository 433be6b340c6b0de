import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres, stopAbandonedPostgres } from '../src/platform/embedded.ts';
import { migrate } from '../src/platform/migrations.ts';
import { createKeyFile } from '../src/platform/vault/key-file.ts';
import { openVault } from '../src/platform/vault/open-vault.ts';
import { ensureGuide } from './guide-sources.ts';
import { ensureDatabase, issueDemoKey } from './start-database.ts';
import { curlLines, isAccepted } from './start-demo.ts';
import { LocalFolder, newSecret } from './start-files.ts';
import { assertPortIsFree, endOf, launchServer, serverIsReady, stopServer } from './start-processes.ts';

/**
 * Brings the API up on this machine: a Postgres of its own (or DATABASE_URL), the newest schema, a demo partner with a key, the server.
 * Runs until SIGINT or SIGTERM; then everything started here is stopped, the server first. Exit code 0 after a signal, 1 after an error.
 */
const interruption = new AbortController();
const stoppers: (() => Promise<void>)[] = [];
const never = new Promise<never>(() => {});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort());

try {
  const { died } = await start();
  const reason = await Promise.race([died, aborted()]);
  if (reason) throw new Error(reason);
} catch (error) {
  if (!interruption.signal.aborted) {
    console.error(`\n${(error as Error).message}`);
    process.exitCode = 1;
  }
}
if (stoppers.length > 2) console.log('\nstopping …');
for (const stop of stoppers.reverse()) {
  await stop().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}

async function start(): Promise<{ died: Promise<string> }> {
  const env = process.env;
  const folder = new LocalFolder(path.resolve(env.LOCAL_DIR || fileURLToPath(new URL('../.local', import.meta.url))));
  const host = env.HOST || '127.0.0.1';
  const metricsHost = env.METRICS_HOST || '127.0.0.1';
  const [port, metricsPort] = [Number(env.PORT || 3000), Number(env.METRICS_PORT || 9464)];
  await folder.claim();
  stoppers.push(() => folder.release());
  await assertPortIsFree('PORT', port, host);
  await assertPortIsFree('METRICS_PORT', metricsPort, metricsHost);
  if (port === metricsPort) throw new Error('PORT and METRICS_PORT must differ');

  const isGuideBuilt = buildGuide();
  const kept = folder.readEnv('server.env');
  const pepper = env.KEY_PEPPER || kept.KEY_PEPPER || newSecret();
  const database = env.DATABASE_URL ? { url: env.DATABASE_URL, exited: never } : await startPostgres(folder, pepper);
  const vault = await vaultSettings(folder);
  await folder.writeEnv('server.env', { ...database.kept, DATABASE_URL: database.url, KEY_PEPPER: pepper, ...vault });
  interruption.signal.throwIfAborted();
  await migrate(database.url);
  interruption.signal.throwIfAborted();

  const settings = { ...env, HOST: host, PORT: String(port), METRICS_HOST: metricsHost, METRICS_PORT: String(metricsPort) };
  const logFile = folder.file('server.log');
  const server = await launchServer({ ...settings, DATABASE_URL: database.url, KEY_PEPPER: pepper, ...vault }, logFile);
  stoppers.push(() => stopServer(server, Number(env.SHUTDOWN_DEADLINE_MS || 15_000) + 5_000));
  await folder.noteServer(server.pid as number);
  const url = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`;
  await serverIsReady(server, url, logFile, () => interruption.signal.throwIfAborted());

  const secrets = { pepper, vault: openVault({ keyFile: vault.VAULT_KEY_FILE, kmsKey: vault.VAULT_KMS_KEY }) };
  const known = folder.readEnv('demo.env').API_KEY;
  const apiKey = known && (await isAccepted(url, known)) ? known : await issueDemoKey(database.url, secrets);
  await folder.writeEnv('demo.env', { API_URL: url, API_KEY: apiKey });
  const guide = `${url}/guide/${isGuideBuilt() ? '' : ' (in a few seconds: it is being built)'}`;
  welcome({ url, apiKey, guide, metrics: `http://127.0.0.1:${metricsPort}/metrics`, folder: shortest(folder.path) });

  const serverDied = new Promise<string>((resolve) => {
    server.once('exit', async () => resolve(`the server has ended by itself; ${await endOf(logFile)}`));
  });
  const postgresDied = database.exited.then(async () => `Postgres has ended by itself; ${await endOf(folder.file('postgres.log'))}`);
  return { died: Promise.race([serverDied, postgresDied]) };
}

/**
 * Builds the guide when it is missing or has changed: seconds of work for which nothing waits, for the server has it as soon as it is built.
 * @returns whether that has ended.
 */
function buildGuide(): () => boolean {
  const building = new AbortController();
  stoppers.push(async () => building.abort());
  const signal = AbortSignal.any([interruption.signal, building.signal]);
  let ended = false;
  void ensureGuide(signal).then((trouble) => {
    ended = true;
    if (trouble === undefined || signal.aborted) return;
    console.warn(`\nThe guide could not be built (npm run guide); /guide is as it was before:\n${trouble}`);
  });
  return () => ended;
}

/** The vault of the environment, or one of the folder's own. */
async function vaultSettings(folder: LocalFolder): Promise<{ VAULT_KEY_FILE?: string; VAULT_KMS_KEY?: string }> {
  const { VAULT_KEY_FILE, VAULT_KMS_KEY } = process.env;
  if (VAULT_KMS_KEY) return { VAULT_KMS_KEY };
  if (VAULT_KEY_FILE) return { VAULT_KEY_FILE };
  const file = folder.file('vault.json');
  if (!existsSync(file)) await createKeyFile(file);
  return { VAULT_KEY_FILE: file };
}

type LocalDatabase = { url: string; exited: Promise<void>; kept?: { POSTGRES_PASSWORD: string } };

async function startPostgres(folder: LocalFolder, pepper: string): Promise<LocalDatabase> {
  const kept = folder.readEnv('server.env');
  const password = kept.POSTGRES_PASSWORD ?? newSecret();
  // Before the data directory is made: without its password it would be lost.
  await folder.writeEnv('server.env', { POSTGRES_PASSWORD: password, DATABASE_URL: kept.DATABASE_URL ?? '', KEY_PEPPER: pepper });
  const dataDirectory = folder.file('postgres');
  await stopAbandonedPostgres(dataDirectory);
  const port = kept.POSTGRES_PASSWORD && kept.DATABASE_URL ? Number(new URL(kept.DATABASE_URL).port) : 0;
  const server = await startEmbeddedPostgres({ dataDirectory, password, port, logFile: folder.file('postgres.log') });
  stoppers.push(() => server.stop());
  return { url: await ensureDatabase(server.url, 'triggers'), exited: server.exited, kept: { POSTGRES_PASSWORD: password } };
}

type Places = { url: string; apiKey: string; guide: string; metrics: string; folder: string };

function welcome({ url, apiKey, guide, metrics, folder }: Places): void {
  const lines = curlLines(url, apiKey).map((line) => `  ${line}`);
  console.log(`
Triggers API is ready at ${url}
  guide ${guide}
  reference ${url}/docs, metrics ${metrics}, log ${folder}/server.log
  key of the partner "demo" (also in ${folder}/demo.env):
  ${apiKey}

Send an event, look into the inbox, acknowledge it:

${lines.join('\n')}

Ctrl-C stops everything; the data stays in ${folder} for the next start.`);
}

function shortest(place: string): string {
  const relative = path.relative(process.cwd(), place);
  return relative.startsWith('..') ? place : relative;
}

function aborted(): Promise<undefined> {
  return new Promise((resolve) => {
    if (interruption.signal.aborted) resolve(undefined);
    interruption.signal.addEventListener('abort', () => resolve(undefined));
  });
}
