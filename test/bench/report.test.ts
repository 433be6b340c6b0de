import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { until } from '../helper/until.ts';
import { cpuOfProcess, cpuOfTree, residentMegabytes } from './cpu.ts';
import { interleave, measurementOf, ofRounds, ratioOfSpeed, speedOnly } from './measure.ts';
import { comparisonOf, tableOf } from './report.ts';
import { type BenchReport, passed, runBench, scenarios } from './run.ts';
import { check } from './targets.ts';

const effort = { rounds: 3, seconds: 1, warmUpSeconds: 0, storedEvents: 1, snapshotEvents: 1, loadSeconds: 1 };

function reportOf(eventsPerSecond: number, ratio: number): BenchReport {
  const measurements = [measurementOf('single ingest', [speedOnly(eventsPerSecond)])];
  const scenario = { name: 'ingest-64', what: 'ingest', seconds: 1, measurements, checks: [check('ingest64', ratio)], notes: ['a remark'] };
  return {
    date: '2026-03-01T00:00:00.000Z',
    machine: { node: 'v24', cores: 2, cpu: 'x' },
    settings: { fsync: 'on' },
    effort,
    scenarios: [scenario],
  };
}

t.test('a target is met at its edge and missed beyond it, on either side', async (t) => {
  t.same(
    [0.849, 0.85, 0.9].map((value) => check('ingest64', value).met),
    [false, true, true],
  );
  t.same(
    [0.4, 0.5, 0.51].map((value) => check('addedP50', value).met),
    [true, true, false],
  );
  t.equal(check('ingest64', Number.NaN).met, false, 'what was not measured was not met');
});

t.test('contenders are warmed up once, then measured in turns, and ratios are those of the same round', async (t) => {
  const order: string[] = [];
  const contender = (name: string, speeds: number[]) => ({
    name,
    async run(round: number) {
      order.push(`${name}${round}`);
      return speedOnly(round < 0 ? 1e9 : (speeds[round] as number));
    },
  });
  // The machine is half as fast in the second round: the ratio is 2 all the same.
  const [a, b] = await interleave(3, [contender('a', [200, 100, 220]), contender('b', [100, 50, 100])]);
  t.same(order, ['a-1', 'b-1', 'a0', 'b0', 'b1', 'a1', 'a2', 'b2']);
  if (!a || !b) throw new Error('two contenders give two measurements');
  t.equal(a.median.eventsPerSecond, 200);
  t.equal(ofRounds(a, b, ratioOfSpeed), 2);
});

t.test('one missed target or one failed scenario fails the run; a target that does not apply does not', async (t) => {
  const good = reportOf(30_000, 0.9);
  t.equal(passed(good), true);
  t.equal(passed(reportOf(30_000, 0.5)), false);
  const failed = { ...good, scenarios: good.scenarios.map((scenario) => ({ ...scenario, failure: 'no server' })) };
  t.equal(passed(failed), false);
  t.match(tableOf(failed), /ingest-64 FAILED: no server/);
  const other = {
    ...good,
    scenarios: good.scenarios.map((scenario) => ({ ...scenario, checks: [{ ...check('ingest64', 0.1), met: undefined }] })),
  };
  t.equal(passed(other), true);
});

t.test('the table names every measurement and every target with its mark', async (t) => {
  const table = tableOf(reportOf(31_234, 0.5));
  t.match(table, /single ingest\s+31,234/);
  t.match(table, /0\.50 ×\s+≥ 0\.85\s+✗ missed/);
  t.match(table, /a remark/);
});

t.test('a comparison survives the way through a file', async (t) => {
  const earlier = JSON.parse(JSON.stringify(reportOf(20_000, 0.8)));
  const text = comparisonOf(reportOf(30_000, 0.9), earlier);
  t.match(text, /single ingest, events\/s\s+20,000\s+30,000\s+\+50 %/);
  t.match(text, /no-storage route\s+0\.80\s+0\.90\s+\+13 %/);
  t.doesNotThrow(() => tableOf(earlier));
});

t.test('a scenario that does not exist is refused before anything is started', async (t) => {
  await t.rejects(runBench({ node: process.execPath, effort, only: ['nonsense'], say: () => {} }), {
    message: `no such scenario: nonsense; there are ${scenarios.map(({ name }) => name).join(', ')}`,
  });
});

t.test('CPU and memory of other processes are read, those of ended children included; without /proc nothing is made up', async (t) => {
  t.equal(cpuOfProcess(2 ** 30), 0);
  t.ok(Number.isNaN(residentMegabytes(2 ** 30)));
  if (process.platform !== 'linux') return;
  const burn = 'for (const until = process.cpuUsage().user + 60000; process.cpuUsage().user < until; );';
  // A parent whose only child works and ends: the parent itself uses next to nothing.
  const script = `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(burn)}]); setInterval(() => {}, 1000); console.log('done');`;
  const parent = spawn(process.execPath, ['-e', script]);
  t.teardown(() => parent.kill());
  const processId = parent.pid as number;
  await once(parent.stdout, 'data');
  const tree = await until('the CPU of the ended child is counted', () => {
    const both = cpuOfTree(processId);
    return both - cpuOfProcess(processId) >= 50_000 ? both : undefined;
  });
  t.ok(tree >= 50_000);
  t.ok(residentMegabytes(processId) > 10);
  t.equal(cpuOfProcess(2 ** 30), 0);
});
