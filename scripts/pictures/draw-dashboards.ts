import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { openBrowser, pageMaker } from './browser.ts';
import type { Dashboard, Drawn, DrawRequest, PanelResult } from './page/dashboard-json.ts';

/**
 * Draws every dashboard of grafana/dashboards with the data of a Prometheus, once 1440 px and once 390 px wide, and exits with 1 when a panel had no data or
 * failed. `--help` has the options.
 */
const root = fileURLToPath(new URL('../../', import.meta.url));
const usage = `draw-dashboards.ts --prometheus URL [options] [name …]

  --prometheus URL      where the data is
  --minutes N           the range ends within the last minute and is so long (3)
  --scrape-interval D   of that Prometheus, as in 1s (1s)
  --variable NAME=VALUE value of a dashboard's variable; may be repeated
  --theme dark|light    (dark)
  --dashboards FOLDER   (grafana/dashboards)
  --out FOLDER          (docs/pictures)`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prometheus: { type: 'string' },
    minutes: { type: 'string', default: '3' },
    'scrape-interval': { type: 'string', default: '1s' },
    variable: { type: 'string', multiple: true, default: [] },
    theme: { type: 'string', default: 'dark' },
    dashboards: { type: 'string', default: path.join(root, 'grafana/dashboards') },
    out: { type: 'string', default: path.join(root, 'docs/pictures') },
    help: { type: 'boolean' },
  },
});
if (values.help || !values.prometheus) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}

const widths = { desktop: 1440, phone: 390 };
const minutes = Number(values.minutes);
// A label of the time axis that falls on the right edge would be cut: those of whole, half and quarter minutes are far enough from here.
const endsAt = 28_000;
const to = Math.floor((Date.now() - endsAt) / 60_000) * 60_000 + endsAt;
const asked: Omit<DrawRequest, 'dashboard'> = {
  prometheus: '/prometheus',
  scrapeInterval: values['scrape-interval'],
  range: { from: to - minutes * 60_000, to, words: `Last ${minutes} minutes` },
  variables: Object.fromEntries(values.variable.map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string])),
  theme: values.theme === 'light' ? 'light' : 'dark',
};

type Drawing = { drawDashboard(request: DrawRequest): Promise<Drawn> };

const names = (await readdir(values.dashboards)).filter((file) => file.endsWith('.json')).map((file) => path.basename(file, '.json'));
const browser = await openBrowser();
try {
  const newPage = await pageMaker(browser, 'page/page.ts', values.prometheus);
  for (const name of names.filter((each) => positionals.length === 0 || positionals.includes(each))) {
    const dashboard = JSON.parse(await readFile(path.join(values.dashboards, `${name}.json`), 'utf8'));
    for (const [size, width] of Object.entries(widths)) await draw(await newPage(width), `dashboard-${name}`, size, dashboard);
  }
} finally {
  await browser.close();
}

/** The pictures of one dashboard at one width. */
async function draw(page: Page, name: string, size: string, dashboard: Dashboard): Promise<void> {
  page.on('pageerror', (error) => console.error(`  ${name} ${size}: ${error.message}`));
  const { panels, parts } = await page.evaluate((request) => (window as never as Drawing).drawDashboard(request), { ...asked, dashboard });
  const width = page.viewportSize()?.width ?? 0;
  const sizes = await Promise.all(
    parts.map(async ({ name: part, top, height }) => {
      const file = path.join(values.out, `${[name, part, size].filter(Boolean).join('-')}.png`);
      const picture = await page.screenshot({ path: file, fullPage: true, animations: 'disabled', clip: { x: 0, y: top, width, height } });
      return `${path.basename(file)} ${Math.ceil(picture.length / 1024)} KB`;
    }),
  );
  await page.close();
  report(`${name}, ${size}`, panels, sizes);
}

/** One line for each page, one more for each panel that is not as it should be. */
function report(page: string, panels: PanelResult[], sizes: string[]): void {
  const empty = panels.filter(({ state }) => state === 'no data');
  const failed = panels.filter(({ state }) => state === 'error');
  console.log(`${page}: ${panels.length} panels, ${empty.length} without data, ${failed.length} failed (${sizes.join(', ')})`);
  for (const { title, type } of empty) console.log(`  no data: ${title} (${type})`);
  for (const { title, type, message } of failed) console.log(`  failed: ${title} (${type}): ${message}`);
  if (empty.length + failed.length > 0) process.exitCode = 1;
}
