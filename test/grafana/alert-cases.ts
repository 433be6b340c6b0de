import type { Alert, Edge } from '../../grafana/src/alert.ts';
import type { ExpressionTest, RuleTest, RuleTestFile } from './promtool.ts';

/** How far from its limit a value is tried: nearer than the 10 % by which mutations move the limit. */
const near = 0.02;

type Position = 'below' | 'at' | 'above';
const positions: Position[] = ['below', 'at', 'above'];

/** Value of the edge's series, as it is compared. */
function valueAt({ limit }: Edge, position: Position): number {
  const distance = limit === 0 ? near : limit * near;
  return limit + { below: -distance, at: 0, above: distance }[position];
}

function firesAt({ fires }: Edge, position: Position): boolean {
  return position === 'at' ? fires.endsWith('=') : fires.startsWith(position === 'above' ? '>' : '<');
}

export function seconds(duration: string): number {
  const [, amount, unit] = /^(\d+)([smh])$/.exec(duration) ?? [];
  if (!amount || !unit) throw new Error(`no duration: ${duration}`);
  return Number(amount) * { s: 1, m: 60, h: 3_600 }[unit as 's' | 'm' | 'h'];
}

/** Steps in the time that an alert waits: a tenth more or less of it is three steps. */
const stepsPerWait = 30;
export const stepOf = (alert: Alert) => Math.max(1, seconds(alert.for) / stepsPerWait);

/** A series that keeps its value, or its distance to the moment of evaluation, for as long as the test lasts. */
function input(series: string, value: number, step: number, time?: Edge['time']) {
  const samples = stepsPerWait + 1;
  if (!time) return { series, values: `${value}+0x${samples}` };
  return { series, values: `${time === 'ago' ? -value : value}+${step}x${samples}` };
}

/** The state in which the alert fires, but that `changed` is at `position`. */
function state(alert: Alert, changed?: { edge: Edge; position: Position }) {
  const step = stepOf(alert);
  const { series = {}, edges } = alert.proof;
  const plain = Object.entries(series).filter(([name]) => !edges.some((edge) => edge.series === name));
  const ofEdges = edges.map((edge) => {
    const position =
      edge === changed?.edge ? changed.position : (positions.find((each) => each !== 'at' && firesAt(edge, each)) as Position);
    const value = edge === changed?.edge ? valueAt(edge, position) : (series[edge.series] ?? valueAt(edge, position));
    return input(edge.series, value, step, edge.time);
  });
  return [...plain.map(([name, value]) => input(name, value, step)), ...ofEdges];
}

/** Whether the alert fires at this moment, in the labels that its receivers see. */
function expectation(alert: Alert, fires: boolean, at: number): ExpressionTest {
  const labels = {
    alertname: alert.name,
    alertstate: 'firing',
    severity: alert.severity,
    owner: alert.owner,
    ...alert.labels,
    ...alert.proof.labels,
  };
  const text = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return {
    expr: `ALERTS{alertname="${alert.name}",alertstate="firing"}`,
    eval_time: `${at}s`,
    exp_samples: fires ? [{ labels: `ALERTS{${text.join(',')}}`, value: 1 }] : [],
  };
}

/** The cases of one alert, against a file of rules: below, at and above each limit, and just before the end of its wait; or only those of `kinds`. */
export function casesOf(alert: Alert, ruleFile: string, kinds: readonly (Position | 'wait')[] = [...positions, 'wait']): RuleTestFile {
  const step = stepOf(alert);
  const wait = seconds(alert.for);
  const tests: RuleTest[] = alert.proof.edges.flatMap((edge) =>
    positions
      .filter((position) => kinds.includes(position))
      .map((position) => ({
        name: `${edge.series} ${position} ${edge.limit}`,
        interval: `${step}s`,
        input_series: state(alert, { edge, position }),
        promql_expr_test: [expectation(alert, firesAt(edge, position), wait)],
      })),
  );
  const early = wait === 0 ? [] : [expectation(alert, false, wait - step)];
  if (kinds.includes('wait'))
    tests.push({
      name: `fires after ${alert.for} and not before`,
      interval: `${step}s`,
      input_series: state(alert),
      promql_expr_test: [...early, expectation(alert, true, wait)],
    });
  return { rule_files: [ruleFile], evaluation_interval: `${step}s`, tests };
}
