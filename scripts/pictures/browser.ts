import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { bundlePage } from './bundle.ts';

const icons = fileURLToPath(new URL('node_modules/@grafana/ui/dist/public/img/icons/', import.meta.url));
/** Grafana's typeface, in all its weights: the file that the root's VitePress brings. Without it the page has the system's. */
const inter = fileURLToPath(
  new URL('../../node_modules/vitepress/dist/client/theme-default/fonts/inter-roman-latin.woff2', import.meta.url),
);
/** Nobody listens there: every request to it is answered here. */
const origin = 'http://localhost:1';

/** Chromium: the one that TEST_CHROMIUM names, as for the tests, else Debian's. */
export function openBrowser(): Promise<Browser> {
  const executablePath = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--font-render-hinting=none', '--force-color-profile=srgb'] });
}

/**
 * Makes empty pages of the given width in which the functions of `entry` are at hand. What they ask of `/prometheus/` is asked of the URL `prometheus`:
 * a page may not go to another server of this machine by itself.
 */
export async function pageMaker(browser: Browser, entry: string, prometheus = ''): Promise<(width: number) => Promise<Page>> {
  const { script, styles } = await bundlePage(entry);
  const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css"><body><script src="/page.js"></script>`;
  return async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 900 }, deviceScaleFactor: 1, timezoneId: 'UTC', locale: 'en-US' });
    await page.route(`${origin}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      const icon = /img\/icons\/([\w-]+\/[\w-]+\.svg)$/.exec(pathname)?.[1];
      const question = /^\/prometheus(\/.*)/.exec(pathname)?.[1];
      if (question) await route.fulfill({ response: await route.fetch({ url: prometheus.replace(/\/$/, '') + question }) });
      else if (pathname === '/') await route.fulfill({ contentType: 'text/html', body: html });
      else if (pathname === '/page.js') await route.fulfill({ contentType: 'text/javascript; charset=utf-8', body: script });
      else if (pathname === '/page.css') await route.fulfill({ contentType: 'text/css', body: styles });
      else if (pathname.includes('/fonts/inter/') && existsSync(inter)) await route.fulfill({ contentType: 'font/woff2', path: inter });
      else if (icon) await route.fulfill({ contentType: 'image/svg+xml', body: await readFile(path.join(icons, icon)) });
      else await route.fulfill({ status: 404, body: '' });
    });
    await page.goto(`${origin}/`);
    return page;
  };
}
