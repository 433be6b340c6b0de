import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import { type KeyRecord, keyRecord } from '../../src/modules/partners/records.ts';
import { hashKey, keyPrefix, parseKey } from '../../src/pipeline/auth/key-format.ts';
import { shownKeyColumns } from '../../src/pipeline/auth/key-issue.ts';
import { type Connection, withDatabase } from './database.ts';
import { type FoundKey, findKeys } from './key-scan.ts';
import { AdminError, cannotRead, exitCodes, outcomeOf } from './outcome.ts';
import { printJson, printTable, say } from './output.ts';

type CheckOptions = { file?: string; offline?: boolean; json?: boolean };

/** What is told of a string of the form of a key: never the string itself. */
type Checked = {
  key_prefix: string;
  /** Of its first place, from 1. */
  line: number;
  occurrences: number;
  checksum: 'valid' | 'invalid';
  /** `unknown`: it was not issued here. Null: it was not looked up. */
  status: KeyRecord['status'] | 'unknown' | null;
  partner: string | null;
  key_id: number | null;
  last_used_at: string | null;
};

/** As many parameters as one look-up has at most. */
const lookUpSize = 1_000;

/** `admin keys check` */
export function addKeyCheckCommand(keys: Command): void {
  keys
    .command('check')
    .description('find keys in a text that has leaked, and tell whose they are')
    .addHelpText('before', examples)
    .option('--file <file>', 'read the text from there (default: standard input)')
    .option('--offline', 'look at the checksums alone, without a database')
    .option('--json', 'print JSON')
    // Commander's own refusal would repeat the argument, which may be a key.
    .allowExcessArguments()
    .addHelpText('after', '\nExit code 3: none of them is ours (with --offline: none has a checksum that holds).')
    .action(check);
}

async function check({ file, offline, json }: CheckOptions, { args }: Command): Promise<void> {
  if (args.length > 0) {
    throw new AdminError(
      exitCodes.usage,
      'the text comes from --file or standard input: others on this machine see arguments, and shells keep them',
    );
  }
  const checked = offline ? (await read(file)).map((found) => describe(found)) : await lookUp(file);
  if (json) printJson(checked);
  else if (checked.length > 0)
    printTable(checked, ['key_prefix', 'line', 'occurrences', 'checksum', 'status', 'partner', 'key_id', 'last_used_at']);
  if (checked.length === 0) throw new AdminError(exitCodes.notFound, 'nothing in the text has the form of a key of ours');
  const ours = checked.filter(({ checksum, key_id }) => (offline ? checksum === 'valid' : key_id !== null));
  if (ours.length === 0) {
    const why = offline ? 'the checksum of none holds' : 'none was issued here';
    throw new AdminError(exitCodes.notFound, `${checked.length} of the form of a key, and ${why}`);
  }
  const active = ours.filter(({ status }) => status === 'active').map(({ key_id }) => key_id);
  if (active.length > 0) say(`still good: ${active.join(', ')}; end a key that has leaked with ./scripts/admin keys revoke <key_id>`);
}

async function lookUp(file: string | undefined): Promise<Checked[]> {
  try {
    return await withDatabase((connection) => lookUpIn(connection, file));
  } catch (error) {
    const { exitCode, message } = outcomeOf(error);
    if (exitCode !== exitCodes.noDatabase) throw error;
    throw new AdminError(exitCode, `${message}; --offline needs none`);
  }
}

async function lookUpIn({ db, pepper }: Connection, file: string | undefined): Promise<Checked[]> {
  const secret = pepper();
  const found = await read(file);
  const hashes = new Map(found.filter(({ key }) => parseKey(key)).map(({ key }) => [key, hashKey(secret, key).toString('hex')]));
  const records = new Map<string | undefined, KeyRecord>();
  const all = [...hashes.values()].map((hash) => Buffer.from(hash, 'hex'));
  for (let start = 0; start < all.length; start += lookUpSize) {
    const rows = await db
      .selectFrom('api_keys')
      .innerJoin('partners', 'partners.id', 'api_keys.partner_id')
      .select(shownKeyColumns.map((column) => `api_keys.${column}` as const))
      .select(['slug', 'key_hash'])
      .where('key_hash', 'in', all.slice(start, start + lookUpSize))
      .execute();
    for (const { slug, key_hash, ...row } of rows) records.set(key_hash.toString('hex'), keyRecord(row, slug, Date.now()));
  }
  return found.map((each) => ({ ...describe(each), ...whose(records.get(hashes.get(each.key))) }));
}

function describe({ key, line, occurrences }: FoundKey): Checked {
  const checksum = parseKey(key) ? 'valid' : 'invalid';
  return { key_prefix: keyPrefix(key), line, occurrences, checksum, status: null, partner: null, key_id: null, last_used_at: null };
}

function whose(record: KeyRecord | undefined): Pick<Checked, 'status'> & Partial<Checked> {
  if (!record) return { status: 'unknown' };
  const { status, partner, key_id, last_used_at } = record;
  return { status, partner, key_id, last_used_at };
}

/** @throws AdminError when the file cannot be read. */
async function read(file: string | undefined): Promise<FoundKey[]> {
  if (file === undefined) {
    if (process.stdin.isTTY) say('paste the text, then press Ctrl-D');
    return findKeys(process.stdin.setEncoding('utf8'));
  }
  try {
    return await findKeys((await open(file)).createReadStream({ encoding: 'utf8' }));
  } catch (error) {
    throw cannotRead(file, error);
  }
}

const examples = `Examples:
  ./scripts/admin keys check --file leaked.log
  git log -p --all | ./scripts/admin keys check
  ./scripts/admin keys check --offline --json < report.txt
`;
