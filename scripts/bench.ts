import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { comparisonOf, tableOf } from '../test/bench/report.ts';
import { passed, runBench, scenarios } from '../test/bench/run.ts';
import type { Effort } from '../test/bench/scenario.ts';

/**
 * `npm run bench`: measures the service beside its ceilings, prints a table and, for a whole run, writes docs/benchmarks/<date>.json. Exit status 1 when a
 * target was missed or a scenario failed. `BENCH_NODE` names another node to run the servers with.
 */
const usage = `bench [options]
  --quick            one look: a round of 2 s each; the targets are judged all the same
  --full             5 million stored events, 300 thousand under the snapshot, five rounds
  --only NAME,NAME   ${scenarios.map(({ name }) => name).join(', ')}
  --rounds N  --seconds N  --stored N  --snapshot-events N  --load-seconds N
  --compare FILE     an earlier report to stand beside this one
  --json             the report on standard output instead of the table
  --write            write the report of a --quick or --only run too
BENCH_NODE           the node that runs the servers; this one by default`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    stored: { type: 'string' },
    'snapshot-events': { type: 'string' },
    'load-seconds': { type: 'string' },
    compare: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const efforts: Record<'quick' | 'ordinary' | 'full', Effort> = {
  quick: { rounds: 1, seconds: 2, warmUpSeconds: 1, storedEvents: 200_000, snapshotEvents: 60_000, loadSeconds: 10 },
  ordinary: { rounds: 3, seconds: 4, warmUpSeconds: 1, storedEvents: 1_000_000, snapshotEvents: 300_000, loadSeconds: 30 },
  full: { rounds: 5, seconds: 5, warmUpSeconds: 2, storedEvents: 5_000_000, snapshotEvents: 300_000, loadSeconds: 60 },
};

/** A whole number above 0 from the command line, or what the effort says. */
function given(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isInteger(value) || value < 1) throw new Error(`not a whole number above 0: ${text}`);
  return value;
}

async function main(): Promise<void> {
  if (values.help) return console.log(usage);
  const base = efforts[values.quick ? 'quick' : values.full ? 'full' : 'ordinary'];
  const effort: Effort = {
    ...base,
    rounds: given(values.rounds, base.rounds),
    seconds: given(values.seconds, base.seconds),
    storedEvents: given(values.stored, base.storedEvents),
    snapshotEvents: given(values['snapshot-events'], base.snapshotEvents),
    loadSeconds: given(values['load-seconds'], base.loadSeconds),
  };
  const earlier = values.compare === undefined ? undefined : JSON.parse(await readFile(values.compare, 'utf8'));
  const report = await runBench({
    node: process.env.BENCH_NODE || process.execPath,
    effort,
    only: values.only?.split(','),
    say: (line) => console.error(line),
  });
  // A part of the whole must not take the place of the day's whole.
  if (values.write || (!values.quick && values.only === undefined)) {
    const folder = new URL('../docs/benchmarks/', import.meta.url);
    await mkdir(folder, { recursive: true });
    await writeFile(new URL(`${report.date.slice(0, 10)}.json`, folder), `${JSON.stringify(report, null, 2)}\n`);
  }
  console.log(values.json ? JSON.stringify(report, null, 2) : `\n${tableOf(report)}`);
  if (earlier) console.log(`\n${comparisonOf(report, earlier)}`);
  process.exitCode = passed(report) ? 0 : 1;
}

await main();
