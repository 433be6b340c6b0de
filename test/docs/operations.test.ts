import { readdir, readFile } from 'node:fs/promises';
import t from 'tap';
import { receiverOf } from '../../grafana/src/alertmanager.ts';
import { secretFiles } from '../../grafana/src/alertmanager-receivers.ts';
import { productionSeconds } from '../grafana/live-alerts.ts';

const root = new URL('../../', import.meta.url);
const page = await readFile(new URL('docs/operations.md', root), 'utf8');
type Dashboard = { title: string; panels: { title?: string }[] };
const dashboards = await Promise.all(
  (await readdir(new URL('grafana/dashboards/', root)))
    .filter((file) => file.endsWith('.json'))
    .map(async (file) => ({
      name: file.replace('.json', ''),
      ...(JSON.parse(await readFile(new URL(`grafana/dashboards/${file}`, root), 'utf8')) as Dashboard),
    })),
);
const sections = new Map(page.split(/^## /m).map((text) => [text.slice(0, text.indexOf('\n')), text]));

t.test('each dashboard has a section with its pictures, 1440 and 390 pixels wide', async (t) => {
  t.equal(dashboards.length, 4);
  for (const { name, title } of dashboards) {
    const section = sections.get(title) ?? '';
    for (const size of ['desktop', 'phone']) t.match(section, `pictures/dashboard-${name}-${size}.png`);
  }
  const shown = [...page.matchAll(/pictures\/(dashboard-[\w-]+\.png)/g)].map(([, file]) => file as string);
  const there = (await readdir(new URL('docs/pictures/', root))).filter((file) => file.startsWith('dashboard-'));
  t.strictSame(there.sort(), [...new Set(shown)].sort(), 'every picture is shown');
  for (const file of there) {
    const png = await readFile(new URL(`docs/pictures/${file}`, root));
    t.equal(png.toString('latin1', 1, 4), 'PNG', file);
    t.equal(png.readUInt32BE(16), file.endsWith('-phone.png') ? 390 : 1440, `width of ${file}`);
    t.ok(png.length < 400 * 1024, `${file} has ${Math.round(png.length / 1024)} KB`);
  }
});

t.test('every panel that the page sends a reader to is on that dashboard', (t) => {
  const titles = (name: string) => dashboards.find(({ title }) => title === name)?.panels.map(({ title }) => title);
  // Panels stand in quotation marks, and so do the attributes of pictures.
  const namedIn = (text: string) =>
    [
      ...text
        .replaceAll(/<img[^>]*>/g, '')
        .replaceAll(/\s+/g, ' ')
        .matchAll(/"([^"]+)"/g),
    ].map(([, title]) => title);
  t.ok(namedIn(page).length > 20, `${namedIn(page).length} panels are named`);
  for (const [heading, text] of sections) {
    const own = titles(heading) ?? dashboards.flatMap(({ panels }) => panels.map(({ title }) => title));
    for (const title of namedIn(text)) t.ok(own.includes(title), `${heading}: ${title}`);
  }
  t.end();
});

t.test('the ways of alerts, the secrets and the longest times are those of the configuration', (t) => {
  const travels = sections.get('How an alert travels') ?? '';
  const receivers = { pagerduty: 'PagerDuty', slack: 'Slack', log: 'log receiver', watchdog: 'dead man' };
  for (const [severity, receiver] of Object.entries(receiverOf)) {
    const row = travels.split('\n').find((line) => line.startsWith(`| ${severity === 'none' ? 'Watchdog' : severity} |`));
    t.match(row, receivers[receiver], severity);
  }
  for (const file of Object.keys(secretFiles)) t.match(sections.get('Switching PagerDuty and Slack on'), `\`${file}\``);
  for (const [, name = '', , most] of travels.matchAll(/\[(\w+)\]\(alerts\.md#\w+\), (P\d) \| [^|]+ \| (\d+ (?:s|min))/g)) {
    const seconds = productionSeconds(name);
    t.equal(most, seconds % 60 === 0 && seconds > 60 ? `${seconds / 60} min` : `${seconds} s`, name);
  }
  t.end();
});
