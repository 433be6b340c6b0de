import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';
import { until } from '../../helper/until.ts';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export type Look = { theme: 'light' | 'dark'; width: 360 | 1280 };
export const looks: Look[] = [
  { theme: 'light', width: 1280 },
  { theme: 'dark', width: 1280 },
  { theme: 'dark', width: 360 },
  { theme: 'light', width: 360 },
];

/** What a page has, as addresses: where its links and pictures lead, and what can be linked to. */
export type Content = { links: string[]; images: string[]; ids: string[] };

/** Chromium of the tests; closed when `t` ends. */
export async function startBrowser(t: Pick<Test, 'teardown'>): Promise<Browser> {
  const executablePath = process.env.TEST_CHROMIUM || '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--disable-gpu', '--disable-dev-shm-usage'] });
  t.teardown(() => browser.close());
  return browser;
}

/** One window on the site, that hears of everything a reader's browser would complain about. */
export class Visitor {
  /** Errors of the console, refusals of the Content-Security-Policy, answers from 400 on, requests to another host. */
  readonly complaints: string[] = [];
  readonly page: Page;

  private constructor(page: Page, origin: string) {
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.#complain(message.text());
    });
    page.on('pageerror', (error) => this.#complain(error.message));
    page.on('request', (request) => {
      const { origin: to, protocol } = new URL(request.url());
      if (to !== origin && protocol !== 'data:') this.#complain(`a request to ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.#complain(`${response.status()} for ${response.url()}`);
    });
  }

  static async enter(browser: Browser, origin: string): Promise<Visitor> {
    const context = await browser.newContext({ baseURL: origin, reducedMotion: 'reduce' });
    return new Visitor(await context.newPage(), origin);
  }

  /** Opens a page and waits until it is alive: its scripts have taken it over. */
  async open(path: string): Promise<void> {
    await this.page.goto(path);
    await until('the page is alive', () => this.page.evaluate<boolean>(`'__vue_app__' in document.querySelector('#app')`));
  }

  async see({ theme, width }: Look): Promise<void> {
    await this.page.setViewportSize({ width, height: 800 });
    await this.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await this.page.locator(theme === 'dark' ? 'html.dark' : 'html:not(.dark)').waitFor({ state: 'attached' });
  }

  /** Serious and critical findings of axe, each kind once. `only`: one rule, where the others have been asked already. */
  async findings(only?: 'color-contrast'): Promise<string[]> {
    if (!(await this.page.evaluate(`'axe' in window`))) await this.page.evaluate(axeSource);
    const { violations } = await this.page.evaluate<AxeResults>(
      `axe.run(${JSON.stringify({ resultTypes: ['violations'], ...(only && { runOnly: [only] }) })})`,
    );
    const found = new Map<string, string[]>();
    for (const { id, impact, nodes } of violations) {
      if (impact !== 'serious' && impact !== 'critical') continue;
      for (const { target, failureSummary = '' } of nodes) {
        const finding = `${id}: ${failureSummary.split('\n')[1]?.trim()}`;
        found.set(finding, [...(found.get(finding) ?? []), target.join(' ')]);
      }
    }
    return [...found].map(([finding, places]) => `${finding} (${places.length} times, first at ${places[0]})`);
  }

  /** By how many pixels the page is wider than its window. */
  async overflow(): Promise<number> {
    return this.page.evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`);
  }

  async content(): Promise<Content> {
    return this.page.evaluate(`({
      links: [...document.querySelectorAll('a[href]')].map(({ href }) => href),
      images: [...document.images].map(({ src }) => src),
      ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
    })`);
  }

  /** What has the focus, by its text or its label. */
  async focused(): Promise<string> {
    return this.page.evaluate(`(({ textContent, ariaLabel }) => textContent.trim() || ariaLabel || '')(document.activeElement)`);
  }

  #complain(text: string): void {
    this.complaints.push(`${new URL(this.page.url()).pathname}: ${text}`);
  }
}
