import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { ChainPoint } from '../../src/modules/audit/chain.ts';
import type { Verdict } from '../../src/modules/audit/chain-verifier.ts';
import { exportLog } from '../../src/modules/audit/export.ts';
import { ExportError } from '../../src/modules/audit/export-lines.ts';
import { listEntries } from '../../src/modules/audit/store.ts';
import { type VerifyOptions, verifyExport, verifyLog } from '../../src/modules/audit/verify.ts';
import { anchorsOf, linesOf, writePrivately } from './audit-files.ts';
import { anchor, pastMoment } from './audit-options.ts';
import { jsonRow, tableRow } from './audit-table.ts';
import { withDatabase } from './database.ts';
import { addExamples } from './help.ts';
import { integer, line } from './options.ts';
import { AdminError, exitCodes, fileName } from './outcome.ts';
import { type Progress, printJson, printRecord, printTable, progress, say } from './output.ts';

/** `admin audit …` */
export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('who changed what, when, why and from where');

  audit
    .command('list')
    .description('the entries that fit, newest first')
    .option('--partner <slug>', 'what concerns this partner', line)
    .option('--actor <name>', 'by whom: admin:alice, or the beginning of it with a *: partner:*', line)
    .option('--action <name>', 'what was done: key.revoked, or the beginning of it with a *: key.*', line)
    .option('--since <when>', 'RFC 3339 time, or days, hours or minutes ago: 7d, 12h, 30m', pastMoment)
    .option('--until <when>', 'the same; before then', pastMoment)
    .option('--limit <n>', 'how many at most', integer(1, 100_000), 100)
    .option('--json', 'print JSON')
    .action(({ json, ...filter }) =>
      withDatabase(async ({ db }) => {
        const entries = await listEntries(db, filter);
        if (json) printJson(entries.map(jsonRow));
        else if (entries.length === 0) say('no entry fits');
        else printTable(entries.map(tableRow), ['seq', 'at', 'actor', 'action', 'subject', 'reason', 'details', 'source']);
        if (entries.length === filter.limit) say(`these are the newest ${filter.limit}; --limit shows more, --until older ones`);
      }),
    );

  audit
    .command('verify [file]')
    .description('find every entry that was edited, deleted, moved or forged: in the database, or in an exported file (- for stdin)')
    .option('--anchor <seq:hash>', 'an end of the log that was noted elsewhere; again for more', anchor)
    .option('--anchors <file>', 'log of the servers, which note the end each hour (- for stdin)')
    .option('--json', 'print JSON')
    .action(verify);

  audit
    .command('export')
    .description('every entry with its hashes as lines of JSON, for keeping elsewhere; `audit verify FILE` needs no database')
    .option('--since-seq <n>', 'from this number on', integer(1, Number.MAX_SAFE_INTEGER))
    .option('--partner <slug>', 'what concerns this partner; gaps cannot be found in such a file', line)
    .option('--out <file>', 'write to this file, readable by its owner only (default: stdout)')
    .option('--json', 'with --out: print JSON about the file')
    .action(exportEntries);

  addExamples(audit, examples);
}

type VerifyArguments = { anchor?: ChainPoint[]; anchors?: string; json?: boolean };

async function verify(file: string | undefined, { anchor = [], anchors: log, json }: VerifyArguments): Promise<void> {
  if (file === '-' && log === '-') throw new AdminError(exitCodes.usage, 'stdin can be the export or the log of the servers, not both');
  const anchors = [...anchor, ...(log === undefined ? [] : await anchorsOf(log))];
  const verdict = await watched('looking at the entries', (watch) =>
    file === undefined
      ? withDatabase(({ db }) => verifyLog(db, { anchors, ...watch }))
      : verifyExport(linesOf(file), { anchors, ...watch }).catch((error) => {
          throw error instanceof ExportError ? new AdminError(exitCodes.usage, `cannot use ${fileName(file)}: ${error.message}`) : error;
        }),
  );
  printVerdict(verdict, json);
  const { ok, fault_count } = verdict;
  if (!ok) throw new AdminError(exitCodes.failed, `the audit log has ${fault_count === 1 ? 'a fault' : `${fault_count} faults`}`);
}

function printVerdict({ ok, rows, head, anchors, faults, fault_count }: Verdict, json: boolean | undefined): void {
  // The head as `--anchor` takes it.
  const found = { entries: rows, head: head.hash && `${head.seq}:${head.hash}`, anchors_found: anchors, fault_count };
  if (json) {
    printJson({ ok, ...found, faults });
    return;
  }
  printRecord({ ok, ...found });
  if (fault_count === 0) {
    say('no fault; keep the head elsewhere: `audit verify --anchor` holds a later log against it');
    return;
  }
  process.stdout.write('\n');
  printTable(faults, ['seq', 'fault', 'detail']);
  if (faults.length < fault_count) say(`these are the first ${faults.length}`);
}

type ExportArguments = { sinceSeq?: number; partner?: string; out?: string; json?: boolean };

async function exportEntries({ sinceSeq, partner, out, json }: ExportArguments): Promise<void> {
  const which = { sinceSeq: sinceSeq === undefined ? undefined : BigInt(sinceSeq), partner, exportedAtMs: Date.now() };
  const entries = await withDatabase(({ db }) => {
    if (out === undefined) {
      return exportLog(db, which, (lines) => pipeline(Readable.from(lines), process.stdout, { end: false }));
    }
    return watched('writing the entries', (watch) => exportLog(db, { ...which, ...watch }, (lines) => writePrivately(out, lines)));
  });
  if (out === undefined) return;
  if (json) printJson({ file: out, entries });
  else say(`${entries} entries are in ${out}`);
}

type Watch = Required<Pick<VerifyOptions, 'onStart' | 'onEntry'>>;

const barStep = 500;

/** Runs `work` under a progress bar. */
async function watched<T>(message: string, work: (watch: Watch) => Promise<T>): Promise<T> {
  let bar: Progress | undefined;
  let seen = 0;
  try {
    return await work({
      async onStart(rows) {
        bar = await progress(rows, message);
      },
      onEntry() {
        seen += 1;
        if (seen % barStep === 0) bar?.advance(barStep);
      },
    });
  } finally {
    bar?.done(`${seen} entries`);
  }
}

const examples = [
  './scripts/admin audit list --partner acme --since 7d',
  "./scripts/admin audit list --action 'key.*' --actor 'admin:*' --json",
  './scripts/admin audit verify',
  'docker compose logs api | ./scripts/admin audit verify --anchors -',
  './scripts/admin audit export --out audit.jsonl && ./scripts/admin audit verify audit.jsonl',
];
