import { readFile } from 'node:fs/promises';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { metrics } from '../../grafana/src/model.ts';
import { committedRules } from './committed-rules.ts';
import { failedTests, folderOf } from './promtool.ts';

const recording = parse(await readFile(new URL('../../prometheus/rules/recording.yml', import.meta.url), 'utf8')) as {
  groups: { name: string }[];
};
/** What is recorded of partners, alone: eight days of all other rules take a long time. */
const rules = { groups: recording.groups.filter(({ name }) => name === 'partners') };
/** The alert waits for nothing: it fires when its expression holds. */
const silent = committedRules.find(({ alert }) => alert === 'PartnerSilent')?.expr;
/** Half hours in the eight days of steady traffic before each case. */
const steady = 8 * 48;

/**
 * A partner who sends ten events each half hour for eight days, and then what the case says, by the half hour: `10` events, or `0`. Gives for which of `hours` after
 * the eight days the alert does not say what it should. `replaced`: the half hour from which on another process takes the events, which has only those.
 */
async function check(t: Test, after: (0 | 10)[], hours: Record<number, boolean>, replaced = Number.POSITIVE_INFINITY) {
  const series = ['api-1', 'api-2'].flatMap((instance, index) => {
    const labels = `job="triggers-api",instance="${instance}:9464",version="1",partner="acme"`;
    let [sum, last] = [0, 0];
    const samples = Array.from({ length: steady + after.length }, (_, step) => {
      if (step >= replaced + steady !== (index === 1)) return { sum: '_', last: '_' };
      const count = step < steady ? 10 : (after[step - steady] ?? 0);
      sum += count;
      if (count > 0) last = step * 1_800;
      return sum === 0 ? { sum: '_', last: '_' } : { sum: `${sum}`, last: `${last}` };
    });
    return [
      { series: `${metrics.partnerEvents}{${labels},outcome="accepted"}`, values: samples.map((each) => each.sum).join(' ') },
      { series: `${metrics.partnerLastEvent}{${labels}}`, values: samples.map((each) => each.last).join(' ') },
    ];
  });
  const expectations = Object.entries(hours).map(([hour, fires]) => ({
    expr: `count by (partner) (${silent})`,
    eval_time: `${8 * 24 + Number(hour)}h`,
    exp_samples: fires ? [{ labels: '{partner="acme"}', value: 1 }] : [],
  }));
  const folder = await folderOf(t);
  const file = await folder.write('silent.test.yml', {
    rule_files: [await folder.write('rules.yml', rules)],
    evaluation_interval: '30m',
    tests: [{ interval: '30m', input_series: series, promql_expr_test: expectations }],
  });
  t.same([...(await failedTests([file])).values()], []);
}

const times = <Value>(count: number, value: Value): Value[] => Array<Value>(count).fill(value);

t.test('a partner who falls silent is told for as long as the silence lasts, but no longer than a day', async (t) => {
  await check(t, times(72, 0), { 0: false, 2: true, 3: true, 4: true, 13: true, 24: true, 28: false });
});

t.test('it is over as soon as events come again', async (t) => {
  await check(t, [...times(24, 0 as const), ...times(12, 10 as const)], { 2: true, 11: true, 13: false, 17: false });
});

t.test('a replica that is replaced makes nobody silent, also when its successor begins with the first events', async (t) => {
  // One batch each two half hours, the first of the new process in its first sample.
  const hourly = Array.from({ length: 16 }, (_, step) => (step % 2 === 0 ? 10 : 0));
  await check(t, hourly as (0 | 10)[], { 1: false, 2: false, 3: false, 4: false, 5: false, 7: false }, 5);
});
