import { readFile } from 'node:fs/promises';
import t from 'tap';
import { parse } from 'yaml';
import { faster, millisecondsOf } from './faster.ts';
import { folderOf, programs, run } from './promtool.ts';

const rule = (expr: string, more: object = {}) => ({ record: 'x', expr, ...more });
const exprOf = (expr: string, factor = 60) =>
  parse(faster(JSON.stringify({ groups: [{ name: 'g', rules: [rule(expr)] }] }), factor)).groups[0].rules[0].expr;
const committed = (name: string) => readFile(new URL(`../../prometheus/rules/${name}`, import.meta.url), 'utf8');

t.test('windows and offsets are divided, whatever their unit', (t) => {
  t.equal(exprOf('rate(a[5m])'), 'rate(a[5000ms])');
  t.equal(exprOf('sum_over_time(a[4m30s]) - a offset 1h'), 'sum_over_time(a[4500ms]) - a offset 60000ms');
  t.equal(exprOf('min_over_time(a[7d] offset 1h) > 0.15', 1_000), 'min_over_time(a[604800ms] offset 3600ms) > 0.15');
  t.equal(exprOf('max_over_time(a[30m:10s])'), 'max_over_time(a[30000ms:167ms])');
  t.equal(exprOf('rate(a[1ms])'), 'rate(a[1ms])', 'none is nothing');
  t.end();
});

t.test('names, strings, labels and limits are left as they are', (t) => {
  for (const expr of ['api:http_requests:rate5m > 0.15', 'a{b="x[5m] offset 1h"} > 900', 'a:b:ratio_rate1h / 3600', 'a{status=~"5.."}'])
    t.equal(exprOf(expr), expr);
  t.end();
});

t.test('what an alert waits for, and how often a group is looked at, are divided too', (t) => {
  const alert = { alert: 'A', expr: 'up', for: '5m', keep_firing_for: '6m', labels: { severity: 'P1' } };
  const { groups } = parse(faster(JSON.stringify({ groups: [{ name: 'g', interval: '1m', rules: [alert] }] }), 60));
  t.same(groups, [{ name: 'g', interval: '1000ms', rules: [{ ...alert, for: '5000ms', keep_firing_for: '6000ms' }] }]);
  t.end();
});

t.test('a duration that is none is an error', (t) => {
  for (const text of ['', '5', 'm', '5 m', '1.5h']) t.throws(() => millisecondsOf(text), { message: `no duration: ${text}` });
  t.equal(millisecondsOf('1d2h3m4s5ms'), 93_784_005);
  t.end();
});

t.test('Prometheus takes the committed rules at every speed, and at speed 1 they say the same', async (t) => {
  const folder = await folderOf(t);
  for (const name of ['recording.yml', 'alerts.yml']) {
    const text = await committed(name);
    const files = [await folder.write(`60-${name}`, faster(text, 60)), await folder.write(`1-${name}`, faster(text, 1))];
    const { code, output } = await run(programs.promtool, ['check', 'rules', ...files]);
    t.equal(code, 0, output);
    const shape = (rules: string) =>
      JSON.stringify(parse(rules)).replaceAll(/(?:\d+(?:ms|[smhdwy]))+/g, (length) => `${millisecondsOf(length)}`);
    t.equal(shape(faster(text, 1)), shape(text));
    t.not(faster(text, 60), faster(text, 1));
  }
});
