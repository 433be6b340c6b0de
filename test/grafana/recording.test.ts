import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { hourlyPrice, metrics, recorded, type Window } from '../../grafana/src/model.ts';
import { failedTests, folderOf } from './promtool.ts';

const rules = fileURLToPath(new URL('../../prometheus/rules/recording.yml', import.meta.url));
const api = 'job="triggers-api",instance="api-1:9464",version="1"';

/** promtool compares floats exactly: figures are rounded to what their reader sees. */
const is = (at: string, expr: string, value: number | Record<string, number>, digits = 0.000001) => ({
  expr: `round(${expr}, ${digits})`,
  eval_time: at,
  exp_samples: typeof value === 'number' ? [{ labels: '{}', value }] : Object.entries(value).map(([labels, value]) => ({ labels, value })),
});

type Checks = { interval: string; every?: string; series: Record<string, string>; tests: ReturnType<typeof is>[] };

/** `interval`: between samples; `every`: between evaluations of the rules. */
async function check(t: Test, { interval, every = interval, series, tests }: Checks) {
  const folder = await folderOf(t);
  const input_series = Object.entries(series).map(([name, values]) => ({ series: name, values }));
  const test = { interval, input_series, promql_expr_test: tests };
  const file = await folder.write('recording.test.yml', { rule_files: [rules], evaluation_interval: every, tests: [test] });
  t.same([...(await failedTests([file])).values()], []);
}

t.test('rates, errors and latency leave out probes and long polls, and errors are 0 and not absent when there are none', async (t) => {
  const request = (operation: string, status: number, version = '1') =>
    `${metrics.requests}{job="triggers-api",instance="api-${version}:9464",version="${version}",operation="${operation}",status="${status}"}`;
  const bucket = (operation: string, le: string) => `${metrics.duration}_bucket{${api},operation="${operation}",le="${le}"}`;
  await check(t, {
    interval: '1m',
    series: {
      [request('postEvent', 201)]: '0+594x20', // 9.9 a second
      [request('postEvent', 500)]: '0+6x20', // 0.1 a second
      [request('getHealth', 503)]: '0+6000x20',
      [request('getReady', 503)]: '0+6000x20',
      [request('getLive', 200)]: '0+6000x20',
      [request('getGuide', 200)]: '0+6000x20',
      [request('postEvent', 201, '2')]: '0+60x20',
      // Half of all within 0.1 s, 90 % within 0.15 s, all within 0.2 s.
      [bucket('postEvent', '0.1')]: '0+50x20',
      [bucket('postEvent', '0.15')]: '0+90x20',
      [bucket('postEvent', '0.2')]: '0+100x20',
      [bucket('postEvent', '+Inf')]: '0+100x20',
      [bucket('getInboxWait', '0.2')]: '0+0x20',
      [bucket('getInboxWait', '30')]: '0+9000x20',
      [bucket('getInboxWait', '+Inf')]: '0+9000x20',
      [bucket('getHealth', '0.1')]: '0+9000x20',
      [bucket('getHealth', '+Inf')]: '0+9000x20',
      [bucket('getGuide', '0.1')]: '0+9000x20',
      [bucket('getGuide', '+Inf')]: '0+9000x20',
    },
    tests: [
      is('15m', recorded.requestRate, 11),
      is('15m', recorded.errorRate, 0.1),
      is('15m', recorded.errorRatio('5m'), 0.009091),
      is('15m', recorded.burnRate('5m'), 9.090909),
      is('15m', recorded.statusRate, { '{status="201"}': 10.9, '{status="500"}': 0.1 }),
      is('15m', recorded.versionRequestRate, { '{version="1"}': 10, '{version="2"}': 1 }),
      is('15m', recorded.versionErrorRatio, { '{version="1"}': 0.01, '{version="2"}': 0 }),
      is('15m', recorded.p50, 0.1),
      is('15m', recorded.p95, 0.175),
      is('15m', recorded.p99, 0.195),
      is('15m', recorded.versionP95, { '{version="1"}': 0.175 }),
    ],
  });
});

t.test('each window holds its own time: a burst of errors is in those windows that reach back to it, and in no other', async (t) => {
  const lengths: Record<Window, number> = { '5m': 5, '30m': 30, '1h': 60, '2h': 120, '6h': 360, '1d': 1_440, '3d': 4_320 };
  // Between two samples, so that no sample lies on the edge of a window: versions of Prometheus differ about those.
  const end = 4_405.5;
  const last = Math.floor(end);
  const errors = Array<number>(last + 2).fill(0);
  // 60 errors in the second minute of each window.
  for (const length of Object.values(lengths))
    for (let at = last - length + 2; at < errors.length; at++) errors[at] = (errors[at] ?? 0) + 60;
  const series = (status: number) => `${metrics.requests}{${api},operation="postEvent",status="${status}"}`;
  await check(t, {
    interval: '1m',
    every: `${(end * 60) / 5}s`,
    series: { [series(201)]: `0+600x${last + 1}`, [series(500)]: errors.join(' ') },
    tests: Object.entries(lengths).map(([window, length], index) => {
      const failed = (index + 1) * 60;
      const ratio = failed / (600 * (length - 1) + failed);
      return is(`${end * 60}s`, recorded.errorRatio(window as Window), Number(ratio.toFixed(6)));
    }),
  });
});

t.test('database utilisation is told for the server and for each pool, of the worst replica, on average of 5 minutes', async (t) => {
  const pool = (instance: string, state: string) =>
    `${metrics.poolConnections}{job="triggers-api",instance="${instance}",version="1",pool="write",state="${state}"}`;
  const maximum = (instance: string) => `${metrics.poolMaximum}{job="triggers-api",instance="${instance}",version="1",pool="write"}`;
  const utilisation = `sum by (resource) (${recorded.databaseUtilisation})`;
  await check(t, {
    interval: '1m',
    series: {
      [`${metrics.pgActivity}{job="postgres",datname="triggers",state="active"}`]: '10+0x20',
      [`${metrics.pgActivity}{job="postgres",datname="triggers",state="idle"}`]: '30+0x20',
      [`${metrics.pgMaxConnections}{job="postgres"}`]: '100+0x20',
      [pool('a', 'busy')]: '1+0x20',
      [pool('a', 'idle')]: '0+0x20',
      [pool('a', 'waiting')]: '0+0x20',
      [maximum('a')]: '4+0x20',
      [pool('b', 'busy')]: '4 0 4 0 4 0 4 0 4 0 4 0 4 0 4 0 4 0 4 0',
      [pool('b', 'waiting')]: '3+0x20',
      [maximum('b')]: '4+0x20',
    },
    tests: [
      is('15m30s', utilisation, { '{resource="server"}': 0.4, '{resource="pool write"}': 0.5 }, 0.1),
      is('15m', recorded.poolWaiting, { '{pool="write"}': 3 }),
    ],
  });
});

t.test('connections of the server that are there for the moment of a scrape do not use it up, and those that stay do', async (t) => {
  const activity = (state: string) => `${metrics.pgActivity}{job="postgres",datname="triggers",state="${state}"}`;
  await check(t, {
    interval: '10s',
    every: '1m',
    series: {
      [activity('idle')]: '20+0x120',
      // 70 more at the last scrape before minute 10, whose series is there for this scrape alone; and from minute 12 on.
      [activity('active')]: `${'_ '.repeat(60)}70 stale ${'_ '.repeat(10)}70x48`,
      [`${metrics.pgMaxConnections}{job="postgres"}`]: '100+0x120',
    },
    tests: [
      is('10m', `${recorded.databaseUtilisation} < bool 0.3`, { '{resource="server"}': 1 }),
      is('18m', recorded.databaseUtilisation, { '{resource="server"}': 0.9 }, 0.1),
    ],
  });
});

t.test('events, limits, refusals and finds are counted; what is absent among requests is 0', async (t) => {
  await check(t, {
    interval: '1m',
    series: {
      [`${metrics.requests}{${api},operation="postEvent",status="201"}`]: '0+600x130',
      [`${metrics.eventsIngested}{${api},outcome="accepted"}`]: '0+120x130',
      [`${metrics.eventsIngested}{${api},outcome="duplicate"}`]: '0+60x130',
      [`${metrics.eventsAcknowledged}{${api}}`]: '0+30x130',
      [`${metrics.eventsDelivered}{${api}}`]: '0+60x130',
      [`${metrics.deadLettersStored}{${api}}`]: '1000+2x130',
      [`${metrics.authFailures}{${api},reason="unknown"}`]: '0+60x130',
      [`${metrics.authFailures}{${api},reason="expired"}`]: '0+30x130',
      // A good key that lacks a scope: nobody guesses.
      [`${metrics.authFailures}{${api},reason="forbidden"}`]: '0+6000x130',
      [`${metrics.suspiciousPatterns}{${api},pattern="burst_401"}`]: '0x110 0 1 1 1 1 1 1 1 1 1 1',
      [`${metrics.jobFailures}{${api},exported_job="partitions"}`]:
        '0x90 0 0 1 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2',
    },
    tests: [
      is('2h', recorded.ingestedRate, { '{outcome="accepted"}': 2, '{outcome="duplicate"}': 1 }),
      is('2h', recorded.acceptedRate, 2),
      is('2h', recorded.acknowledgedRate, 0.5),
      is('2h', recorded.deliveredRate, 1),
      is('2h', recorded.deadLettersDelta, 120),
      is('2h', recorded.authFailureRate, 1.5),
      is('2h', recorded.limitHitRatio, 0),
      is('2h', recorded.suspiciousFinds, { '{pattern="burst_401"}': 1 }),
      is('2h', recorded.jobFailures, { '{exported_job="partitions"}': 2 }),
    ],
  });
  await check(t, {
    interval: '1m',
    series: {
      [`${metrics.requests}{${api},operation="postEvent",status="201"}`]: '0+600x20',
      [`${metrics.limitHits}{${api},policy="burst"}`]: '0+3x20',
      [`${metrics.limitHits}{${api},policy="address"}`]: '0+3x20',
    },
    tests: [
      is('15m', recorded.limitHitRatio, 0.01),
      is('15m', recorded.limitHitRate, { '{policy="burst"}': 0.05, '{policy="address"}': 0.05 }),
    ],
  });
});

t.test(
  'an event costs the hour’s price by the hour’s events, nothing is said of an hour without, and the floor is the price at capacity',
  async (t) => {
    const accepted = `${metrics.eventsIngested}{${api},outcome="accepted"}`;
    const floor = Number(((0.72 / 3_600_000) * 1e6).toFixed(6));
    await check(t, {
      interval: '1m',
      series: { [accepted]: '0+60x130', [`${metrics.price}{${api}}`]: '0.72+0x130' },
      tests: [is('2h', recorded.costPerMillion, 200), is('2h', recorded.costPerMillionFloor, floor), is('2h', recorded.idleMonth, 525.6)],
    });
    await check(t, {
      interval: '1m',
      series: { [accepted]: '0+0x130' },
      tests: [{ expr: recorded.costPerMillion, eval_time: '2h', exp_samples: [] }, is('2h', recorded.pricePerHour, hourlyPrice)],
    });
  },
);

t.test('a look at health fails when the process says so or does not answer, and three of the last five are counted', async (t) => {
  const up = `${metrics.up}{job="triggers-api",instance="api-1:9464"}`;
  const health = `${metrics.healthStatus}{${api}}`;
  await check(t, {
    interval: '1m',
    // Not healthy, then gone, then well: looks 3, 4 and 5 fail.
    series: { [up]: '1 1 1 1 0 0 1 1 1 1 1 1', [health]: '1 1 1 0 _ _ 1 1 1 1 1 1' },
    tests: [
      is('2m', recorded.healthFailures, { '{instance="api-1:9464"}': 0 }),
      is('4m', recorded.healthFailures, { '{instance="api-1:9464"}': 2 }),
      is('5m', recorded.healthFailures, { '{instance="api-1:9464"}': 3 }),
      is('7m', recorded.healthFailures, { '{instance="api-1:9464"}': 3 }),
      is('8m', recorded.healthFailures, { '{instance="api-1:9464"}': 2 }),
      is('10m', recorded.healthFailures, { '{instance="api-1:9464"}': 0 }),
    ],
  });
});

t.test('a partner who has sent in each hour of 7 days and then does not is at 0, also after a restart of the servers', async (t) => {
  const of = (partner: string) => `${metrics.partnerEvents}{${api},partner="${partner}",outcome="accepted"}`;
  const steps = (days: number, perStep: number) => `0+${perStep}x${days * 48}`;
  const at = `${8 * 24 + 3}h`;
  await check(t, {
    interval: '30m',
    every: '30m',
    series: {
      [of('steady')]: `${steps(8, 10)} ${'_ '.repeat(8)}`, // 20 an hour, then no longer counted
      [of('idle')]: `0+0x${9 * 48}`,
      [of('new')]: `${'_ '.repeat(6 * 48)}${steps(2, 10)} ${'_ '.repeat(8)}`,
      [of('other')]: `${steps(8, 10)} ${'_ '.repeat(8)}`,
    },
    tests: [is(at, `${recorded.partnerLastHour} and ${recorded.partnerHourlyMinimum} > 0`, { '{partner="steady"}': 0 })],
  });
});

t.test('events of a process whose first sample has them already are seen in the hour in which they came, and not after it', async (t) => {
  const labels = `${api},partner="acme"`;
  await check(t, {
    interval: '1m',
    series: {
      // A counter that begins at 5 does not increase. The event came at second 600.
      [`${metrics.partnerEvents}{${labels},outcome="accepted"}`]: `${'_ '.repeat(10)}5x100`,
      [`${metrics.partnerLastEvent}{${labels}}`]: `${'_ '.repeat(10)}600x100`,
    },
    tests: [
      is('10m', recorded.partnerEventsHour, { '{partner="acme"}': 1 }),
      is('69m', recorded.partnerEventsHour, { '{partner="acme"}': 1 }),
      is('70m', recorded.partnerEventsHour, { '{partner="acme"}': 0 }),
    ],
  });
});

t.test('what is left of the error budget follows from 30 days of recorded rates', async (t) => {
  const folder = await folderOf(t);
  const budget = { rule_files: [rules], evaluation_interval: '6h' };
  const request = (status: number) => `${metrics.requests}{${api},operation="postEvent",status="${status}"}`;
  const file = await folder.write('budget.test.yml', {
    ...budget,
    tests: [
      {
        interval: '1m',
        input_series: [
          { series: request(201), values: '0+9995x1500' },
          { series: request(500), values: '0+5x1500' },
        ],
        promql_expr_test: [is('24h', recorded.errorRatioBudget, 0.0005), is('24h', recorded.budgetRemaining, 0.5)],
      },
    ],
  });
  t.same([...(await failedTests([file])).values()], []);
});
