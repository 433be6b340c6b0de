import t from 'tap';
import { productionSeconds } from './live-alerts.ts';

t.test('the longest way of an alert to its message counts each look at the rules as often as production takes one', (t) => {
  // A scrape 10 s, the alert's look 10 s, its wait, and Alertmanager's; the numbers are those of docs/operations.md.
  t.equal(productionSeconds('DatabaseDown'), 10 + 10 + 30 + 10, 'made of a metric: no recording rule is looked at');
  t.equal(productionSeconds('HighLatency'), 10 + 10 + 10 + 300 + 30, 'a recording rule, every 10 s');
  t.equal(productionSeconds('BurstOf401'), 10 + 10 + 10 + 30);
  t.equal(productionSeconds('HealthCheckFailing'), 10 + 60 + 10 + 30, 'a rule whose group is looked at once a minute');
  t.throws(() => productionSeconds('Nothing'), { message: 'there is no alert Nothing' });
  t.end();
});
