import { chmod, readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parse } from 'yaml';
import type { Alert } from '../../grafana/src/alert.ts';
import { alertmanagerConfiguration, inhibitions, receiverOf } from '../../grafana/src/alertmanager.ts';
import { defaultLogUrl, secretFiles, watchdogExample } from '../../grafana/src/alertmanager-receivers.ts';
import { alerts } from '../../grafana/src/alerts.ts';
import { alertRule, yamlText } from '../../grafana/src/rule-files.ts';
import { until } from '../helper/until.ts';
import { startAlertmanager, startDouble } from './alertmanager-process.ts';
import { folderOf, programs, run } from './promtool.ts';

const files = ['alertmanager.yml', 'alertmanager-outside.yml'].map((name) =>
  fileURLToPath(new URL(`../../prometheus/${name}`, import.meta.url)),
);
const [plain, outside] = files as [string, string];

const named = (name: string) => alerts.find((alert) => alert.name === name) as Alert;
/** As Prometheus sends it. */
const firing = (alert: Alert, more: Record<string, string> = {}) => {
  const { labels, annotations } = alertRule(alert);
  return { labels: { alertname: alert.name, ...labels, ...alert.proof.labels, ...more }, annotations };
};

t.test('amtool accepts both configurations', async (t) => {
  for (const file of files) {
    const { code, output } = await run(programs.amtool, ['check-config', file]);
    t.equal(code, 0, output);
    t.match(output, /4 receivers/);
  }
});

t.test('no configuration has a secret: only names of files, and nothing outside without them', async (t) => {
  const text = await readFile(outside, 'utf8');
  // Alertmanager 0.25 reads the URL of a webhook from no file: the start puts it in.
  for (const name of Object.keys(secretFiles).filter((each) => each !== 'watchdog-url'))
    t.ok(text.includes(`/etc/alertmanager/secrets/${name}`), name);
  t.notMatch(text, /(routing_key|service_key|api_url|credentials|bearer_token|password):/);
  t.notMatch(await readFile(plain, 'utf8'), /pagerduty_configs|slack_configs|_file:/);
});

type Receiver = { name: string; webhook_configs?: { url: string }[] };
const watchdogUrl = (text: string) =>
  (parse(text).receivers as Receiver[]).find(({ name }) => name === 'watchdog')?.webhook_configs?.map(({ url }) => url);

t.test('the dead man’s switch is not on this machine: outside, its URL is one that must be put in', async (t) => {
  t.same(watchdogUrl(await readFile(plain, 'utf8')), [defaultLogUrl], 'nothing is sent outside without being told to');
  t.same(watchdogUrl(await readFile(outside, 'utf8')), [watchdogExample]);
  t.match(new URL(watchdogExample).hostname, /\.invalid$/, 'a name that never resolves: forgotten, it fails');
});

t.test('Alertmanager starts with the URL of the dead man’s switch from its file, and not without one', async (t) => {
  const folder = await folderOf(t);
  // In place of Alertmanager somebody who tells how it is started.
  await folder.write('alertmanager', '#!/bin/sh\necho "started $*"\n');
  await chmod(`${folder.path}/alertmanager`, 0o755);
  const script = fileURLToPath(new URL('../../deploy/compose/start-alertmanager.sh', import.meta.url));
  const made = `${folder.path}/made.yml`;
  const start = (configuration: string) =>
    run('/usr/bin/env', [
      `PATH=${folder.path}:${process.env.PATH}`,
      `CONFIGURATION=${configuration}`,
      `SECRETS=${folder.path}`,
      `MADE=${made}`,
      '/bin/sh',
      script,
      '--storage.path=/data',
    ]);
  const without = await start(outside);
  t.equal(without.code, 2);
  t.match(without.output, `${folder.path}/watchdog-url must hold the URL of the dead man's switch`);
  t.notMatch(without.output, 'started');

  // With every letter that a substitution could take for its own.
  const url = 'https://switch.example/ping/a-b|c?token=x&y=\\1';
  await folder.write('watchdog-url', `${url}\n`);
  const { code, output } = await start(outside);
  t.same([code, output], [0, `started --config.file=${made} --storage.path=/data\n`], 'the URL is no argument');
  const text = await readFile(made, 'utf8');
  t.same(watchdogUrl(text), [url]);
  t.equal(text.replace(url, watchdogExample), await readFile(outside, 'utf8'), 'and nothing else has changed');
  t.equal((await stat(made)).mode & 0o077, 0, 'nobody else reads it');
  t.match(await run(programs.amtool, ['check-config', made]), { code: 0 });

  t.match(await start(plain), { code: 0 }, 'without anything outside no file is needed');
  t.equal(await readFile(made, 'utf8'), await readFile(plain, 'utf8'));
});

t.test('each severity reaches its receiver, and an unknown one is not lost', async (t) => {
  for (const file of files) {
    for (const [severity, receiver] of Object.entries(receiverOf)) {
      const { code, output } = await run(programs.amtool, ['config', 'routes', 'test', `--config.file=${file}`, `severity=${severity}`]);
      t.same([code, output.split('\n')[0]], [0, receiver], severity);
    }
    const unknown = await run(programs.amtool, ['config', 'routes', 'test', `--config.file=${file}`, 'alertname=Else', 'severity=warning']);
    t.same([unknown.code, unknown.output.split('\n')[0]], [0, 'slack']);
  }
  t.same({ ...receiverOf }, { P1: 'pagerduty', P2: 'slack', P3: 'slack', P4: 'log', none: 'watchdog' }, 'as the story has it');
});

t.test('causes are alerts, and no two hold each other back: something is always sent', (t) => {
  const names = new Set(alerts.map(({ name }) => name));
  const causesOf = (name: string): string[] => named(name).follows ?? [];
  for (const alert of alerts) {
    for (const cause of causesOf(alert.name)) t.ok(names.has(cause), `${alert.name} follows ${cause}`);
    const reached = new Set(causesOf(alert.name));
    for (const cause of reached) for (const further of causesOf(cause)) reached.add(further);
    t.notOk(reached.has(alert.name), `${alert.name} is not its own cause`);
    // Held back, its own consequences would be sent: so they are held back by its causes too.
    for (const further of reached) t.ok(causesOf(alert.name).includes(further), `${alert.name} follows ${further} directly`);
  }
  t.end();
});

const quick = { pageWait: '1s', groupWait: '1s', groupInterval: '1s' };

async function world(t: Parameters<typeof folderOf>[0]) {
  const [folder, double] = await Promise.all([folderOf(t), startDouble(t)]);
  await folder.write('pagerduty-routing-key', 'a-routing-key');
  await folder.write('slack-webhook-url', `${double.url}/slack`);
  await folder.write('watchdog-token', 'a-token');
  const options = {
    outside: true,
    secrets: folder.path,
    pagerdutyUrl: `${double.url}/pagerduty`,
    logUrl: `${double.url}/log`,
    watchdogUrl: `${double.url}/watchdog`,
    ...quick,
  };
  const config = await folder.write('alertmanager.yml', yamlText(alertmanagerConfiguration(options)));
  return { double, alertmanager: await startAlertmanager(t, config, folder.path) };
}

t.test('an outage is one page: everything that follows from it is held back, and nothing else is', async (t) => {
  const { double, alertmanager } = await world(t);
  const consequences = inhibitions().find(({ source }) => source === 'DatabaseDown')?.targets as string[];
  t.ok(consequences.length > 10);
  await alertmanager.post(['DatabaseDown', ...consequences, 'DiskSpaceLow', 'LimitHits'].map((name) => firing(named(name))));
  await until(
    'a message at each receiver',
    () => double.at('pagerduty').length > 0 && double.at('slack').length > 0 && double.at('log').length > 0,
  );

  const states = await alertmanager.states();
  t.same(
    Object.keys(states)
      .filter((name) => states[name] === 'active')
      .sort(),
    ['DatabaseDown', 'DiskSpaceLow', 'LimitHits'],
  );
  t.equal(Object.values(states).filter((state) => state === 'suppressed').length, consequences.length);
  t.equal(double.at('pagerduty').length, 1, 'one page');
  t.match(double.at('slack'), [{ body: { attachments: [{ title: 'P2 DiskSpaceLow (on-call)' }] } }], 'what does not follow is still told');
  t.match(double.at('log'), [{ body: { commonLabels: { alertname: 'LimitHits' } } }]);
});

t.test('PagerDuty gets the key, the summary and the first steps, and hears of the end under the same deduplication key', async (t) => {
  const { double, alertmanager } = await world(t);
  const alert = named('ApiDown');
  await alertmanager.post([firing(alert)]);
  await until('the page', () => double.at('pagerduty').length === 1);
  const { annotations } = alertRule(alert);
  const body = double.at('pagerduty')[0]?.body;
  t.match(body, {
    routing_key: 'a-routing-key',
    event_action: 'trigger',
    payload: {
      summary: `ApiDown: ${annotations.summary}`,
      severity: 'critical',
      class: 'ApiDown',
      custom_details: { owner: 'on-call', runbook: annotations.runbook_url },
    },
    links: [{ href: annotations.runbook_url }],
  });
  await alertmanager.post([{ ...firing(alert), endsAt: new Date().toISOString() }]);
  await until('the end of the page', () => double.at('pagerduty').length === 2);
  t.match(double.at('pagerduty')[1]?.body, { event_action: 'resolve', dedup_key: body?.dedup_key });
});

t.test('alerts of one name are one message in Slack, red for P2 and yellow for P3, and green when over', async (t) => {
  const { double, alertmanager } = await world(t);
  const silent = ['acme', 'globex'].map((partner) => ({
    ...firing(named('PartnerSilent'), { partner }),
    annotations: { summary: `${partner} is silent` },
  }));
  await alertmanager.post([...silent, firing(named('HighLatency'))]);
  await until('two messages in Slack', () => double.at('slack').length === 2);
  const attachment = (name: string) =>
    double
      .at('slack')
      .map(({ body }) => (body.attachments as Record<string, string>[])[0])
      .find((each) => each?.title?.includes(name));
  t.match(attachment('PartnerSilent'), { color: 'warning', title: 'P3 PartnerSilent (partner-success)' });
  t.match(attachment('PartnerSilent')?.text, /acme is silent\nglobex is silent/);
  t.match(attachment('HighLatency'), { color: 'danger', title_link: 'https://triggers.example/docs/alerts#highlatency' });
  await alertmanager.post([{ ...firing(named('HighLatency')), endsAt: new Date().toISOString() }]);
  await until('the end in Slack', () => attachment('Over: '));
  t.match(attachment('Over: '), { color: 'good', title: 'Over: P2 HighLatency (on-call)' });
});

t.test('the Watchdog reaches the dead man’s switch with its token', async (t) => {
  const { double, alertmanager } = await world(t);
  await alertmanager.post([firing(named('Watchdog'))]);
  await until('the Watchdog', () => double.at('watchdog').length > 0);
  t.equal(double.at('watchdog')[0]?.headers.authorization, 'Bearer a-token');
});
