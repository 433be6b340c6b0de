import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';
import { until } from '../../helper/until.ts';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export type Look = { theme: 'light' | 'dark'; width: 360 | 1280 };
/** Wide ones come first: what they show need not be looked at again when it is narrow. */
export const wide: Look[] = [
  { theme: 'light', width: 1280 },
  { theme: 'dark', width: 1280 },
];
export const narrow: Look[] = [
  { theme: 'dark', width: 360 },
  { theme: 'light', width: 360 },
];

/** What is left of a finding of axe: of thousands of elements that passed, nothing crosses over from the browser. */
type Violation = { id: string; impact: string; nodes: { target: string; failureSummary?: string }[] };

/**
 * Opens what is folded, and makes plain text of those coloured pieces and lines of code that look like one before: of thousands, a dozen are worth
 * measuring, and each costs time at every look. Text and sizes stay. What stands in another kind of block or line (marked, added) is no twin.
 */
const plainTwins = `
  for (const folded of document.querySelectorAll('details')) folded.open = true;
  const known = new Set();
  for (const block of document.querySelectorAll('pre.shiki')) {
    const around = block.parentElement.className;
    for (const piece of block.querySelectorAll('span[style], span.line')) {
      if (piece.firstElementChild !== null) continue;
      const looks = [around, piece.parentElement.className, piece.className, piece.getAttribute('style')].join();
      if (known.has(looks)) piece.replaceWith(piece.textContent);
      known.add(looks);
    }
    for (const line of block.querySelectorAll('span.line')) {
      if (line.firstElementChild === null && known.has(around + line.className)) line.replaceWith(line.textContent);
      known.add(around + line.className);
    }
    block.normalize();
  }
`;

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

  /**
   * Serious and critical findings of axe, each kind once. `only`: one rule, where the others have been asked already. `fresh`: contrast is measured
   * only where something can be seen that could not be at the look before, with `markSeen`.
   */
  async findings({ only, fresh = false }: { only?: 'color-contrast'; fresh?: boolean } = {}): Promise<string[]> {
    await this.#arm();
    const options = { resultTypes: ['violations'], ...(only && { runOnly: [only] }) };
    const violations = await this.page.evaluate<Violation[]>(`(async () => {
      axe.configure({ rules: [{ id: 'color-contrast', selector: '${fresh ? '*:not([data-seen])' : '*'}' }] });
      const { violations } = await axe.run(${JSON.stringify(options)});
      return violations.map(({ id, impact, nodes }) => ({
        id, impact, nodes: nodes.map(({ target, failureSummary }) => ({ target: target.join(' '), failureSummary })),
      }));
    })()`);
    const found = new Map<string, string[]>();
    for (const { id, impact, nodes } of violations) {
      if (impact !== 'serious' && impact !== 'critical') continue;
      for (const { target, failureSummary = '' } of nodes) {
        const finding = `${id}: ${failureSummary.split('\n')[1]?.trim()}`;
        found.set(finding, [...(found.get(finding) ?? []), target]);
      }
    }
    return [...found].map(([finding, places]) => `${finding} (${places.length} times, first at ${places[0]})`);
  }

  /** Remembers what can be seen now, for `findings` with `fresh`. Gives how many elements that are. */
  async markSeen(): Promise<number> {
    return this.page.evaluate<number>(`(() => {
      const seen = [...document.body.querySelectorAll('*')].filter((each) => each.checkVisibility({ visibilityProperty: true, opacityProperty: true }));
      for (const each of seen) each.setAttribute('data-seen', '');
      return seen.length;
    })()`);
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

  /** Puts axe into the page, once, and makes the page cheap to measure. */
  async #arm(): Promise<void> {
    if (!(await this.page.evaluate(`'axe' in window`))) await this.page.evaluate(`${plainTwins}${axeSource}`);
  }

  #complain(text: string): void {
    this.complaints.push(`${new URL(this.page.url()).pathname}: ${text}`);
  }
}
