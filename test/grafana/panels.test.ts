import t from 'tap';
import { orElse, orZero, orZeroFor } from '../../grafana/src/dashboards/queries.ts';
import { whileAlerting } from '../../grafana/src/dashboards/scraped.ts';
import { dashboards, queriesIn } from './dashboard-files.ts';
import { withoutStandIns } from './panels.ts';

t.test('every kind of stand-in is taken away, and nothing else', (t) => {
  t.equal(withoutStandIns(orElse('sum(a{b="c"})', 1)), 'sum(a{b="c"})');
  t.equal(withoutStandIns(orZero('a')), 'sum(a >= 0)');
  t.equal(withoutStandIns(orZero('count(a)', whileAlerting)), 'count(a)');
  t.equal(withoutStandIns(orZeroFor('a', 'b', ['c', 'd'])), 'sum by (b) (a)');
  t.equal(withoutStandIns(`((${orZero('a')}) / (b > 0)) * 2`), '((sum(a >= 0)) / (b > 0)) * 2');
  t.equal(withoutStandIns('topk(10, sum(a) or 0 * b:c:d)'), 'topk(10, sum(a))');
  t.equal(withoutStandIns('sum(a) or 0 * b{c="d"}'), 'sum(a)');
  t.equal(withoutStandIns('a or vector(0)'), 'a');
  t.equal(withoutStandIns('a or b'), 'a or b', 'another metric is no stand-in');
  t.end();
});

t.test('no stand-in of a dashboard is overlooked', (t) => {
  const all = dashboards.flatMap(queriesIn);
  t.ok(all.some(({ expr }) => expr.includes('vector(')) && all.some(({ expr }) => expr.includes(' or 0 * ')));
  t.same(
    all.filter(({ expr }) => /vector\(|\b0 \*/.test(withoutStandIns(expr))).map(({ place }) => place),
    [],
  );
  t.end();
});
