import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import t from 'tap';
import { parse } from 'yaml';
import { defaultLogUrl, defaultSecrets } from '../../grafana/src/alertmanager-receivers.ts';
import { dashboardSpecs } from '../../grafana/src/dashboards/index.ts';
import { scrapeJobs, slo } from '../../grafana/src/model.ts';

const root = new URL('../../', import.meta.url);
type Service = {
  volumes?: string[];
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  pid?: string;
  depends_on?: Record<string, unknown>;
};
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

t.test('what the monitoring mounts is there without any setting', (t) => {
  for (const name of ['prometheus', 'alertmanager', 'alert-log', 'postgres-exporter', 'blackbox-exporter', 'grafana']) {
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

t.test('the monitoring starts although what it watches never becomes healthy', (t) => {
  const waitsFor = (name: string): string[] => Object.keys(services[name]?.depends_on ?? {}).flatMap((each) => [each, ...waitsFor(each)]);
  t.same(waitsFor('prometheus'), []);
  t.same(waitsFor('alertmanager'), []);
  t.same(waitsFor('grafana'), ['prometheus']);
  t.end();
});

t.test('links in messages lead to where the port is published', (t) => {
  for (const name of ['prometheus', 'alertmanager']) {
    const external = /--web\.external-url=http:\/\/(\S+)/.exec((services[name]?.command ?? []).join(' '))?.[1];
    t.ok(external && services[name]?.ports?.some((port) => port.startsWith(`${external}:`)), `${name}: ${external}`);
  }
  t.end();
});

t.test('the exporter of the machine sees the machine’s file systems, and not what is mounted into its container', (t) => {
  const { pid, command = [] } = services['node-exporter'] ?? {};
  t.equal(pid, 'host');
  t.same(mounts('node-exporter'), [['/', '/host', 'ro,rslave']]);
  t.ok(command.includes('--path.rootfs=/host'));
  const pattern = /mount-points-exclude=(\S+)/.exec(command.join(' '))?.[1]?.replaceAll('$$', '$') as string;
  for (const mount of ['/etc/hosts', '/etc/resolv.conf', '/proc', '/sys/fs/cgroup', '/run']) t.match(mount, new RegExp(pattern), mount);
  for (const mount of ['/', '/home', '/var', '/var/lib/docker', '/data/run', '/system']) t.notMatch(mount, new RegExp(pattern), mount);
  t.end();
});

t.test('the prober has the module that it is asked for, and Prometheus the addresses', async (t) => {
  const { scrape_configs } = parse(await readFile(new URL('prometheus/prometheus.yml', root), 'utf8'));
  const job = scrape_configs.find(({ job_name }: { job_name: string }) => job_name === scrapeJobs.public.job);
  const [from, to] = mounts('blackbox-exporter')[0] as [string, string];
  t.same(services['blackbox-exporter']?.command, [`--config.file=${to}`]);
  const { modules } = parse(await readFile(new URL(from, root), 'utf8'));
  t.same(job.params.module, Object.keys(modules));
  t.same(job.relabel_configs.at(-1), { target_label: '__address__', replacement: scrapeJobs.public.target }, 'the prober is asked');
  t.ok(mounts('prometheus').some(([where, inside]) => where === './prometheus/probes' && inside === '/etc/prometheus/probes'));
  t.same(job.file_sd_configs, [{ files: ['probes/*.yml'] }]);
  const [{ targets }] = parse(await readFile(new URL('prometheus/probes/public.yml', root), 'utf8'));
  t.same(targets, ['http://api:3000/v1/health'], 'the service of the stack, until there is a public one');
  t.end();
});

t.test('data is kept for longer than the longest look back', (t) => {
  const days = /retention\.time=(\d+)d/.exec((services.prometheus?.command ?? []).join(' '))?.[1];
  t.ok(Number(days) > slo.budgetDays);
  t.end();
});

t.test('Grafana finds every dashboard where it is told to look, and opens with the overview', async (t) => {
  const folder = '/etc/grafana/dashboards';
  const provisioning = parse(await readFile(new URL('grafana/provisioning/dashboards/dashboards.yml', root), 'utf8'));
  t.match(provisioning, { apiVersion: 1, providers: [{ type: 'file', allowUiUpdates: false, options: { path: folder } }] });
  const [from] = mounts('grafana').find(([, to]) => to === folder) ?? [];
  t.equal(from, './grafana/dashboards');
  t.same(
    (await readdir(new URL(`${from}/`, root))).sort(),
    dashboardSpecs.map(({ uid }) => `${uid}.json`).sort(),
    'and nothing else is there',
  );
  t.equal(services.grafana?.environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH, `${folder}/overview.json`);
  const { datasources } = parse(await readFile(new URL('grafana/provisioning/datasources/prometheus.yml', root), 'utf8'));
  t.match(datasources, [{ type: 'prometheus', isDefault: true, url: `http://prometheus:9090` }], 'the variable of the dashboards finds it');
});

t.test('the exporter of Postgres asks what the dashboards need', (t) => {
  const file = /extend\.query-path=(\S+)/.exec((services['postgres-exporter']?.command ?? []).join(' '))?.[1];
  t.ok(file);
  t.ok(mounts('postgres-exporter').some(([from, to]) => to === file && from === './prometheus/postgres-queries.yml'));
  t.end();
});
