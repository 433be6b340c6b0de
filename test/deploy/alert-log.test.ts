import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { alertmanagerConfiguration } from '../../grafana/src/alertmanager.ts';
import { yamlText } from '../../grafana/src/rule-files.ts';
import { startAlertmanager } from '../grafana/alertmanager-process.ts';
import { folderOf } from '../grafana/promtool.ts';

const program = fileURLToPath(new URL('../../deploy/compose/alert-log.ts', import.meta.url));

async function startLog(t: { teardown(fn: () => unknown): unknown }) {
  const child = spawn(process.execPath, [program], { env: { HOST: '127.0.0.1', PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  t.teardown(() => child.kill('SIGKILL'));
  const errors = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const port = /port (\d+)$/.exec(String((await errors.next()).value))?.[1];
  return { child, exited, errors, lines, url: `http://127.0.0.1:${port}` };
}

t.test('Alertmanager without secrets hands every alert to the log receiver, which prints it as one line, and its end', async (t) => {
  const { url, lines } = await startLog(t);
  const folder = await folderOf(t);
  const options = { outside: false, logUrl: `${url}/alerts`, pageWait: '1s', groupWait: '1s', groupInterval: '1s' };
  const config = await folder.write('alertmanager.yml', yamlText(alertmanagerConfiguration(options)));
  const alertmanager = await startAlertmanager(t, config, folder.path);
  const alert = {
    labels: { alertname: 'LimitHits', severity: 'P4', owner: 'partner-success' },
    annotations: { summary: 'Some are refused.' },
  };
  await alertmanager.post([alert]);
  const first = JSON.parse(String((await lines.next()).value));
  t.match(first, { status: 'firing', alert: 'LimitHits', severity: 'P4', owner: 'partner-success', summary: 'Some are refused.' });
  await alertmanager.post([{ ...alert, endsAt: new Date().toISOString() }]);
  t.match(JSON.parse(String((await lines.next()).value)), {
    status: 'resolved',
    alert: 'LimitHits',
    startsAt: first.startsAt,
    endsAt: /^20/,
  });
});

t.test('what is no notification is answered 400 and printed nowhere, and SIGTERM ends it', async (t) => {
  const { child, exited, url, errors } = await startLog(t);
  t.equal((await fetch(url, { method: 'POST', body: 'hello' })).status, 400);
  t.match((await errors.next()).value, /^not a notification/);
  child.kill('SIGTERM');
  t.same(await exited, [0, null]);
});
