import t, { type Test } from 'tap';
import type { Alert } from '../../grafana/src/alert.ts';
import { alerts } from '../../grafana/src/alerts.ts';
import { keepDatabase, recorded } from '../../grafana/src/model.ts';
import { alertRule } from '../../grafana/src/rule-files.ts';
import { until } from '../helper/until.ts';
import { dashboards, queriesIn } from './dashboard-files.ts';
import { faster } from './faster.ts';
import { follow, productionSeconds } from './live-alerts.ts';
import { startWatch, withInterval } from './live-stack.ts';
import { partnerSlugs, startLiveSystem } from './live-system.ts';
import { guessKeys, startTraffic } from './live-traffic.ts';
import { namesIn } from './names-in.ts';
import { substituted, variablesOf, withoutStandIns } from './panels.ts';
import type { Prometheus } from './prometheus-process.ts';

/** The partner of the dashboard Partner: the one whose limit is low, so that it has answers of every class. */
const partner = partnerSlugs.at(-1) as string;
const variables = { partner, __rate_interval: '20s', __interval: '5s', __range: '6h' };

/** What can have no figure in this stack, and why. */
const absent: Record<string, string> = {
  probe_ssl_earliest_cert_expiry: 'the prober reports it of a public https address, which is not here',
};
/** Where the stand-in alone may be right. */
const standInIsEnough = [
  'slo, Alerts of the budget, A', // none fires
  // While the database is away keys cannot be looked up: an error is rarely known to be a partner's.
  'partner, Errors of ours, A',
  'partner, Refused requests, C',
];

/** How much faster than production the world of the faults is. */
const speed = 30;

const system = await startLiveSystem(t);
function trafficOf(t: Test, pauseMs: number) {
  const traffic = startTraffic({ ...system, port: system.server.port, pauseMs });
  t.teardown(() => traffic.stop());
  return traffic;
}

t.setTimeout(0); // each wait below has a deadline of its own

t.test('no panel of any dashboard is empty', async (t) => {
  const traffic = trafficOf(t, 20);
  const { prometheus } = await startWatch(t, system, {
    name: 'panels',
    interval: '2s',
    rules: withInterval('2s'),
    history: partnerSlugs,
  });
  await until('the first scrape', async () => (await prometheus.query('suspicious_patterns_total == 0')).length > 0);
  await guessKeys(system.server.port, 40);
  // A moment without Postgres: answers 503 belong to an everyday load, too.
  system.proxy.set({ kind: 'reset' });
  await until('errors of the service', () => traffic.answered(503) >= 20);
  system.proxy.set({ kind: 'pass' });

  const questions = dashboards.flatMap(queriesIn).map(({ place, expr }) => ({ place, expr: substituted(expr, variables) }));
  t.ok(questions.length > 100, `${questions.length} queries of ${dashboards.length} dashboards`);
  const metricNames = new Set(questions.flatMap(({ expr }) => namesIn(expr)));
  const checks = [
    ...questions.map(({ place, expr }) => ({ place, expr })),
    ...questions
      .filter(({ place }) => !standInIsEnough.includes(place))
      .map(({ place, expr }) => ({ place: `${place} without stand-in`, expr: withoutStandIns(expr) })),
    ...[...metricNames].map((name) => ({ place: `metric ${name}`, expr: `count(${name})` })),
  ].filter(({ expr }) => !Object.keys(absent).some((name) => expr.includes(name)));
  t.ok(metricNames.size > 60, `${metricNames.size} metrics`);

  const started = performance.now();
  const empty = new Map(checks.map(({ place, expr }) => [place, expr]));
  const answered = async () => {
    for (const [place, expr] of empty) if (await hasFigures(prometheus, expr)) empty.delete(place);
    return empty.size === 0;
  };
  await until('no panel is empty', answered, 25_000).catch(() => {});
  t.same(Object.fromEntries(empty), {}, 'empty, or not a number');
  t.comment(`${checks.length} checks, ${Math.round(performance.now() - started)} ms`);

  for (const { place, selector, label } of dashboards.flatMap(variablesOf)) {
    const values = await prometheus.get(`/api/v1/label/${label}/values`, { 'match[]': selector });
    t.strictSame(
      (values as string[]).filter((value) => value === partner),
      [partner],
      place,
    );
  }
  for (const [name, why] of Object.entries(absent)) t.same(await prometheus.query(name), [], `${name} is still absent: ${why}`);
  t.same(
    (await prometheus.query('up < 1')).map(({ metric }) => metric.job),
    [],
    'everything is scraped',
  );
  t.equal((await prometheus.query(recorded.partnerHourlyMinimum)).length, partnerSlugs.length, 'the history is read');
  await prometheus.stop();
});

async function hasFigures(prometheus: Prometheus, expr: string): Promise<boolean> {
  const samples = await prometheus.query(expr);
  return samples.length > 0 && samples.every(({ value }) => Number.isFinite(value));
}

t.test('real faults raise real alerts, which reach PagerDuty and Slack, and are told to be over', async (t) => {
  const watch = await startWatch(t, system, {
    name: 'faults',
    interval: '1s',
    // The exporter of Postgres takes a second to find that it is away, at every speed. The others take no part.
    slowJobs: { postgres: '2s', redis: '5s', node: '5s', prometheus: '5s', alertmanager: '5s' },
    rules: (text) => faster(text, speed),
    // Longer than production's, at this speed: the exporter's second is not scaled.
    wait: '3s',
  });
  const { prometheus, alertmanager, double } = watch;
  // So few that a busy machine answers them fast.
  trafficOf(t, 60);
  await until('the rules see the traffic', async () => (await prometheus.query(`${recorded.p95} > 0`)).length > 0, 20_000);
  const tried = ['BurstOf401', 'HighLatency', 'DatabaseDown', 'HighErrorRate'];
  const now = async () => (await prometheus.alerts()).map(({ labels }) => labels.alertname as string);
  await until('none of the alerts that are tried is there', async () => !(await now()).some((name) => tried.includes(name)), 30_000);
  /** Tells what was measured, and what production's configuration makes of it. */
  const tell = (fault: string, name: string, begin: Followed, end: Followed, more = '') =>
    t.comment(
      `${fault}: ${name} fires after ${begin.said} s, is told after ${begin.told} s; over: ${end.said} s, ${end.told} s (everything ${speed} times as fast). ` +
        `In production: at most ${productionSeconds(name)} s${more}`,
    );

  let guessing: { burst: Followed; over: Promise<Followed> } | undefined;
  await t.test('a burst of refused keys, and slow answers of Postgres', async (t) => {
    const guessed = performance.now();
    await guessKeys(system.server.port, 40, '203.0.113.77');
    const slow = performance.now();
    system.proxy.set({ kind: 'latency', milliseconds: 100 });
    const [burst, latency] = await Promise.all([follow(watch, 'BurstOf401', false, guessed), follow(watch, 'HighLatency', false, slow)]);
    // Its end is half a minute away, and is waited for beside the next fault.
    guessing = { burst, over: follow(watch, 'BurstOf401', true, guessed) };
    guessing.over.catch(() => {}); // reported where it is awaited
    t.match(burst.message, slackMessage('BurstOf401', 'P2', 'security', 'One address is refused again and again.'));
    t.match(latency.message, slackMessage('HighLatency', 'P2', 'on-call', /p95 is \d+(\.\d+)?(ms|s)\./));
    const healed = performance.now();
    system.proxy.set({ kind: 'pass' });
    const latencyOver = await follow(watch, 'HighLatency', true, healed);
    t.match(latencyOver.message.body, { attachments: [{ color: 'good' }] });
    tell(
      '100 ms from the API to Postgres, and back',
      'HighLatency',
      latency,
      latencyOver,
      ', and until 5 % of 5 minutes are slow: 15 s of such answers',
    );
  });

  await t.test('a killed Postgres is one page, which is over when it is back', async (t) => {
    const killed = performance.now();
    await system.postgres.kill();
    const down = await follow(watch, 'DatabaseDown', false, killed);
    const { annotations } = alertRule(alerts.find(({ name }) => name === 'DatabaseDown') as Alert);
    t.match(down.message.body, {
      routing_key: 'a-routing-key',
      event_action: 'trigger',
      dedup_key: /^\S{20,}$/,
      payload: { summary: `DatabaseDown: ${annotations.summary}`, severity: 'critical', class: 'DatabaseDown', group: 'P1' },
      client_url: annotations.runbook_url,
      links: [{ href: annotations.runbook_url, text: 'First steps' }],
    });
    // What follows from it fires too, and is held back.
    const state = async () => (await alertmanager.states()).HighErrorRate;
    await until(
      'HighErrorRate is there, and has been dealt with',
      async () => ['active', 'suppressed'].includes((await state()) ?? ''),
      20_000,
    );
    t.equal(await state(), 'suppressed');

    await system.postgres.start();
    const healed = performance.now();
    const up = await follow(watch, 'DatabaseDown', true, healed);
    t.match(up.message.body, { event_action: 'resolve', dedup_key: down.message.body.dedup_key });
    await until('partners are served', async () => (await prometheus.query(`${recorded.errorRatio('5m')} < 0.01`)).length > 0, 20_000);
    t.same(
      double.at('pagerduty').map(({ body }) => [body.event_action, (body.payload as { class: string }).class]),
      [
        ['trigger', 'DatabaseDown'],
        ['resolve', 'DatabaseDown'],
      ],
      'one outage, one page',
    );
    tell('Postgres killed', 'DatabaseDown', down, up, `; its end ${keepDatabase} after Postgres is back`);
  });
  if (guessing) tell('40 keys guessed', 'BurstOf401', guessing.burst, await guessing.over);
  t.ok(double.at('watchdog').length > 0, 'the dead man’s switch has heard that all this works');
});

type Followed = Awaited<ReturnType<typeof follow>>;

/** With these words, and a link to the first steps. */
function slackMessage(name: string, severity: string, owner: string, summary: string | RegExp) {
  const link = `https://triggers.example/docs/alerts#${name.toLowerCase()}`;
  return {
    path: '/slack',
    body: {
      attachments: [
        { title: `${severity} ${name} (${owner})`, title_link: link, text: summary, color: severity === 'P2' ? 'danger' : 'warning' },
      ],
    },
  };
}
