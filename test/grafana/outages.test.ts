import { fileURLToPath } from 'node:url';
import t from 'tap';
import { alerts } from '../../grafana/src/alerts.ts';
import { burnRates, keepCauses, metrics, slo, thresholds } from '../../grafana/src/model.ts';
import { seconds } from './alert-cases.ts';
import { failedTests, folderOf } from './promtool.ts';

const rules = ['recording', 'alerts'].map((name) => fileURLToPath(new URL(`../../prometheus/rules/${name}.yml`, import.meta.url)));
const paging = alerts.filter(({ severity }) => severity === 'P1');
const firing = (names: readonly string[]) => `ALERTS{alertname=~"${names.join('|')}",alertstate="firing"}`;

/** The alerts that page now: those that fire while none of their causes does. */
const pages = paging
  .map(({ name, follows = [] }) => (follows.length === 0 ? firing([name]) : `(${firing([name])} unless on () max(${firing(follows)}))`))
  .join(' or ');

/**
 * Ten requests a second, by the minute, and an outage from minute 10 on, in which Postgres is away and all answers are errors. `failing` minutes long, of
 * which the database is away for the first `away`.
 */
function outage(away: number, failing: number) {
  const api = 'job="triggers-api",instance="api-1:9464",version="1"';
  const total = 90;
  const counter = (perMinute: (minute: number) => number) => {
    let sum = 0;
    return Array.from({ length: total }, (_, minute) => {
      sum += perMinute(minute);
      return sum;
    }).join(' ');
  };
  const fails = (minute: number) => minute > 10 && minute <= 10 + failing;
  const request = (status: number) => `${metrics.requests}{${api},operation="postEvent",status="${status}"}`;
  const pgUp = Array.from({ length: total }, (_, minute) => (minute > 10 && minute <= 10 + away ? 0 : 1)).join(' ');
  return [
    { series: request(201), values: counter((minute) => (fails(minute) ? 0 : 600)) },
    { series: request(503), values: counter((minute) => (fails(minute) ? 600 : 0)) },
    { series: `${metrics.pgUp}{job="postgres"}`, values: pgUp },
    { series: `${metrics.up}{${api}}`, values: `1+0x${total}` },
    { series: `${metrics.serving}{${api}}`, values: pgUp },
  ];
}

/**
 * Gives what is not as expected. `paged` by minute: the alert that pages then; in all other minutes none does. `undecided` minutes are not looked at: promtool looks
 * at the alerts now before and now after the recording rules that they are made of.
 */
async function check(
  t: Parameters<typeof folderOf>[0],
  series: ReturnType<typeof outage>,
  paged: (minute: number) => string | undefined,
  undecided: number[] = [],
) {
  const folder = await folderOf(t);
  const minutes = Array.from({ length: 80 }, (_, index) => index + 8).filter((minute) => !undecided.includes(minute));
  const file = await folder.write('outage.test.yml', {
    rule_files: rules,
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: series,
        promql_expr_test: minutes.map((minute) => {
          const alertname = paged(minute);
          const exp_samples = alertname ? [{ labels: `{alertname="${alertname}"}`, value: 1 }] : [];
          return { expr: `count by (alertname) (${pages})`, eval_time: `${minute}m`, exp_samples };
        }),
      },
    ],
  });
  return [...(await failedTests([file])).values()];
}

t.test('a database that was away for 10 minutes is one page, from its failure until its traces are gone, and none after it', async (t) => {
  // Away at minute 11, seen as firing at 12; back at 21, and held for seven minutes more.
  t.same(await check(t, outage(10, 10), (minute) => (minute >= 12 && minute < 21 + 7 ? 'DatabaseDown' : undefined)), []);
});

t.test('errors without a known cause are one page too', async (t) => {
  // 503 from minute 11 on; more than 1 % of 5 minutes a minute later, and firing after another; forgotten at minute 25.
  t.same(await check(t, outage(0, 10), (minute) => (minute >= 13 && minute < 25 ? 'HighErrorRate' : undefined), [12, 25]), []);
});

t.test('errors that go on after the database is back are told', async (t) => {
  const paged = (minute: number) => {
    if (minute >= 12 && minute < 16 + 7) return 'DatabaseDown';
    return minute >= 23 && minute < 45 ? 'HighErrorRate' : undefined;
  };
  t.same(await check(t, outage(5, 30), paged, [45]), []);
});

t.test('replicas that answer the scrape and nothing else are paged after 5 minutes, also when nobody watches the database', async (t) => {
  const replica = (index: number) => `job="triggers-api",instance="api-${index}:9464",version="1"`;
  /** Both replicas are scraped all the time; the one does not serve for `minutes` from minute 11 on, and the other for `other`. */
  const notServing = (minutes: number, other: number) =>
    [minutes, other].flatMap((length, index) => [
      { series: `${metrics.up}{${replica(index)}}`, values: '1+0x90' },
      {
        series: `${metrics.serving}{${replica(index)}}`,
        values: Array.from({ length: 90 }, (_, minute) => (minute > 10 && minute <= 10 + length ? 0 : 1)).join(' '),
      },
    ]);
  // Not serving from minute 11 to 30: five minutes are over at 16; held for six minutes after it.
  t.same(await check(t, notServing(20, 20), (minute) => (minute >= 16 && minute < 31 + 6 ? 'ApiDown' : undefined)), []);
  t.same(await check(t, notServing(6, 6), (minute) => (minute >= 16 && minute < 17 + 6 ? 'ApiDown' : undefined)), [], 'at the limit');
  t.same(await check(t, notServing(5, 5), () => undefined), [], 'just below it');
  t.same(await check(t, notServing(20, 0), () => undefined), [], 'one of the two still serves');
});

/** Seconds that an alert needs beside its wait, because what it looks at is a count of looks or an hour. */
const looksBack: Record<string, number> = { HealthCheckFailing: (thresholds.healthFailures - 1) * 60, PartnerSilent: 3_600 };

t.test('a cause is known before its consequences are sent', (t) => {
  const duration = (name: string) => seconds(alerts.find((alert) => alert.name === name)?.for ?? '');
  // The story has it wait for 5 minutes. What fires before says that the service is failing, and is still true then.
  const slow = ['ApiDown'];
  for (const { name, follows = [] } of alerts)
    for (const cause of follows.filter((each) => !slow.includes(each)))
      t.ok(duration(cause) <= duration(name) + (looksBack[name] ?? 0), `${cause} before ${name}`);
  t.ok(duration('VaultDown') < (looksBack.HealthCheckFailing as number), 'and with time to spare where a health check fails for it');
  t.ok(duration('RedisDown') < (looksBack.HealthCheckFailing as number));
  t.end();
});

t.test('causes go on for longer than their consequences look back', (t) => {
  for (const { name, keepFor } of alerts.filter((alert) => ['DatabaseDown', 'ApiDown', 'RedisDown', 'VaultDown'].includes(alert.name)))
    t.ok(seconds(keepFor as string) > 5 * 60, name);
  t.equal(keepCauses, '6m');
  const kept = (name: string) => seconds(alerts.find((alert) => alert.name === name)?.keepFor as string);
  t.ok(kept('ApiDown') < kept('DatabaseDown'), 'the API that comes back after its database is no news');
  for (const { short } of burnRates.filter(({ pages }) => pages)) t.ok(seconds(slo.pagedOutageWindow) > seconds(short), short);
  t.end();
});
