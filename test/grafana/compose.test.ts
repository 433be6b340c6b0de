import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { parse } from 'yaml';
import { defaultLogUrl, defaultSecrets } from '../../grafana/src/alertmanager-receivers.ts';
import { scrapeJobs, slo } from '../../grafana/src/model.ts';

const root = new URL('../../', import.meta.url);
type Service = { volumes?: string[]; command?: string[] };
const { services, volumes } = parse(await readFile(new URL('docker-compose.yml', root), 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
/** As Compose reads it when nothing is set. */
const defaults = (text: string) => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
const mounts = (name: string) => (services[name]?.volumes ?? []).map((mount) => defaults(mount).split(':') as [string, string]);

t.test('every host that is scraped, and the log receiver, is a service of the Compose stack', (t) => {
  const hosts = Object.values(scrapeJobs).map(({ target }) => target.split(':')[0] as string);
  for (const host of [...hosts, new URL(defaultLogUrl).hostname]) t.ok(host === '127.0.0.1' || host in services, host);
  t.end();
});

t.test('what Prometheus and Alertmanager mount is there without any setting', (t) => {
  for (const name of ['prometheus', 'alertmanager', 'alert-log']) {
    t.ok(mounts(name).length > 0);
    for (const [from] of mounts(name)) t.ok(from.startsWith('.') ? existsSync(new URL(from, root)) : from in volumes, `${name}: ${from}`);
  }
  t.same(
    mounts('alertmanager')
      .map(([, to]) => to)
      .includes(defaultSecrets),
    true,
  );
  t.end();
});

t.test('data is kept for longer than the longest look back', (t) => {
  const days = /retention\.time=(\d+)d/.exec((services.prometheus?.command ?? []).join(' '))?.[1];
  t.ok(Number(days) > slo.budgetDays);
  t.end();
});
