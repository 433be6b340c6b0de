import { type Command, Option } from 'commander';
import { type KeyClass, keyClasses } from '../../src/pipeline/auth/key-format.ts';
import { scopes as allScopes, type Scope } from '../../src/pipeline/auth/principal.ts';
import { classifyPostgresError } from '../../src/platform/postgres.ts';
import { type Connection, withDatabase } from './database.ts';
import { columnNames } from './import-columns.ts';
import { type FileFormat, fileFormats, readImportFile } from './import-file.ts';
import { ResultsFile } from './import-results.ts';
import { checkRows, type ImportRow } from './import-rows.ts';
import { outcomes, type RowResult, runImport, type Stop } from './import-run.ts';
import { type Interruption, interruptible } from './interruption.ts';
import { choice, expiry, keyClass, line, moment, scopeList } from './options.ts';
import { AdminError, exitCodes, outcomeOf } from './outcome.ts';
import { printJson, printTable, progress, say } from './output.ts';
import { checkedSecrets } from './pepper.ts';
import { addVerifyCommand } from './verify.ts';

type ImportOptions = {
  format?: FileFormat;
  class: KeyClass;
  expires: Date | 'never';
  scopes?: Scope[];
  keys: boolean;
  update?: boolean;
  dryRun?: boolean;
  results?: string;
  reason?: string;
  json?: boolean;
};

/** `admin partners import` and `admin partners verify` */
export function addImportCommands(partners: Command): void {
  partners
    .command('import <file>')
    .description('provision every partner of a file, with a key; run again, it does only what is missing')
    .addHelpText('before', examples)
    .addHelpText('after', columnHelp)
    .addOption(new Option('--format <format>', 'of the file (default: by its name)').choices([...fileFormats]))
    .addOption(choice('--class <class>', 'of the keys', keyClasses, keyClass, 'beta'))
    .addOption(
      new Option('--expires <when>', 'of the keys: RFC 3339 time, days or hours from now, or "never"')
        .argParser(expiry)
        .default(moment('180d'), '180d'),
    )
    .option('--scopes <list>', `what the keys may do, by commas (default: ${allScopes.join(',')})`, scopeList)
    .option('--no-keys', 'make no keys')
    .option('--update', 'change partners that are there and differ from the file')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--results <file>', 'append what was done, with the keys, as JSON lines that only you can read')
    .option('--reason <text>', 'why, for the audit log', line)
    .option('--json', 'print JSON, with the keys')
    .action(importFile);
  addVerifyCommand(partners);
}

async function importFile(file: string, options: ImportOptions): Promise<void> {
  const { class: keyClass, expires, scopes, keys: withKeys, format, json } = options;
  const expiresAt = expires === 'never' ? null : expires;
  const rows = checkRows(await readImportFile(file, format), { keyClass, expiresAt, scopes, withKeys });
  await withDatabase(async (connection) => {
    requirePlaceForKeys(connection, options);
    if (!options.dryRun && rows.some(({ wanted }) => wanted?.key)) await checkedSecrets(connection);
    const results = options.results && !options.dryRun ? await ResultsFile.open(options.results) : undefined;
    const interruption = interruptible();
    const { done, stop } = await runRows(rows, connection, options, results, interruption).finally(() => results?.close());
    interruption.end();
    const rest = rows.slice(done.length);
    const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, done.filter((row) => row.outcome === outcome).length]));
    if (json)
      printJson({ dry_run: options.dryRun ?? false, results: done, ...counts, not_done: rest.map(({ line, slug }) => ({ line, slug })) });
    else printTable(done.map(toTableRow), ['line', 'slug', 'outcome', 'key_prefix', 'detail']);
    summarize(done, counts, options, connection);
    if (stop) throw stopped(stop, done, rest, interruption);
    const bad = (counts.failed ?? 0) + (counts.differs ?? 0);
    if (bad > 0) {
      const hint = counts.differs ? '; --update changes those that differ' : '';
      throw new AdminError(exitCodes.failed, `${bad} of ${rows.length} partners are not as the file says${hint}`);
    }
  });
}

/** A key that is in no vault must be in a file as soon as it is stored: what is printed at the end is lost with a command that does not come so far. */
function requirePlaceForKeys({ optionalVault }: Connection, { keys, dryRun, results }: ImportOptions): void {
  if (!keys || dryRun || results || optionalVault()) return;
  throw new AdminError(
    exitCodes.usage,
    'there is no vault, and a command that is killed would take the keys with it: give --results FILE or --no-keys',
  );
}

async function runRows(
  rows: ImportRow[],
  connection: Connection,
  options: ImportOptions,
  results: ResultsFile | undefined,
  interruption: Interruption,
) {
  const { dryRun, update, reason } = options;
  const bar = await progress(rows.length, dryRun ? 'looking' : 'provisioning', interruption);
  try {
    return await runImport({
      rows,
      connection,
      reason,
      dryRun,
      update,
      results,
      stopped: interruption.signal,
      onResult: ({ slug }) => bar.advance(1, slug ?? ''),
    });
  } finally {
    bar.done();
  }
}

function stopped(stop: Stop, done: RowResult[], rest: ImportRow[], interruption: Interruption): AdminError {
  const [first, last] = [rest[0], rest.at(-1)];
  const range = first && last && `lines ${first.line} (${first.slug}) to ${last.line} (${last.slug})`;
  const state = range ? `${done.length} rows are done and ${rest.length} are not: ${range}` : `all ${done.length} rows are done`;
  const next = 'the same command goes on from there';
  if ('signal' in stop) return interruption.error(`${state}; ${next}`);
  const { exitCode, message } = outcomeOf(stop.error);
  const isUncertain = classifyPostgresError(stop.error) === 'retry' ? ', unless the first of them was committed without an answer' : '';
  return new AdminError(exitCode, `${message}\n${state}${isUncertain}; ${next}`);
}

function summarize(done: RowResult[], counts: Record<string, number>, options: ImportOptions, { optionalVault }: Connection): void {
  const { json, dryRun, results } = options;
  const named = Object.entries(counts).filter(([, count]) => count > 0);
  const nothing = dryRun ? ' (nothing was done)' : '';
  say(
    `${done.length} ${done.length === 1 ? 'row' : 'rows'}${nothing}: ${named.map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`,
  );
  const made = done.filter(({ api_key }) => api_key).length;
  if (made === 0 || json) return;
  const places = [results && `in ${results}`, optionalVault() && 'by keys reveal'].filter(Boolean);
  say(`keys made: ${made}; not shown here, but ${places.join(' and ')}`);
}

function toTableRow(row: RowResult) {
  const changes = row.changes?.map(({ field, from, to }) => `${field}: ${from ?? '-'} → ${to ?? '-'}`) ?? [];
  const errors = row.errors.map(({ column, message }) => (column ? `${column}: ${message}` : message));
  // A terminal would act upon control characters.
  return { ...row, detail: [...changes, ...errors].join(' ').replace(/\p{C}/gu, '?') || null };
}

const examples = `Examples:
  ./scripts/admin partners import partners.csv --dry-run
  ./scripts/admin partners import partners.csv --results keys.jsonl
  ./scripts/admin partners import partners.yaml --update --json
  cat partners.csv | ./scripts/admin partners import - --format csv
`;

const columnHelp = `
Columns: ${columnNames.join(', ').replace(/(.{1,110}), /g, '$1,\n  ')}
Only slug must be there. What a file does not say, by a column or by a cell with text, is not compared and not changed.
partner_id is given to a new partner and never changes. expires_at, key_class, scopes and allowed_cidrs are those of a key that is made, in place
of the options; a key is made when the partner has no active one of its class. After a signal the row under way is finished.`;
