import t from 'tap';
import { startTestApp } from '../../helper/app.ts';
import { builtSite, pagePaths } from './built.ts';
import { type Content, narrow, startBrowser, Visitor, wide } from './visitor.ts';

const site = await builtSite();
const { url, request } = await startTestApp(t);
const browser = await startBrowser(t);
const paths = pagePaths(site);
const contents = new Map<string, Content>();

t.test('every page reads well in light and dark, wide and narrow, and nothing in it is refused, missing or from elsewhere', async (t) => {
  t.ok(paths.length >= 6, `${paths.length} pages`);
  const waiting = [...paths];
  const visit = async () => {
    const visitor = await Visitor.enter(browser, url);
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      await visitor.open(path);
      contents.set(path, await visitor.content());
      for (const look of [...wide, ...narrow]) {
        await visitor.see(look);
        t.same(
          // Of a theme only the colours differ, and of a narrow page the colours of what a wide one does not show.
          await visitor.findings({ only: look.theme === 'dark' ? 'color-contrast' : undefined, fresh: look.width === 360 }),
          [],
          `${path}, ${look.theme}, ${look.width} px: no serious finding of axe`,
        );
        if (look === wide.at(-1)) await visitor.markSeen();
        if (look.width === 360) t.equal(await visitor.overflow(), 0, `${path} is no wider than ${look.width} px`);
      }
    }
    t.same(visitor.complaints, [], 'and nobody complains');
  };
  // As many as CI has cores.
  await Promise.all([visit(), visit()]);
  t.equal(contents.size, paths.length, 'all of them');
});

t.test('no link and no picture is broken, down to the anchors', async (t) => {
  const targets = new Map<string, Set<string>>();
  for (const [path, { links, images }] of contents) {
    for (const link of [...links, ...images].map((each) => new URL(each)).filter(({ origin }) => origin === url)) {
      const from = targets.get(link.pathname + link.hash) ?? new Set();
      targets.set(link.pathname + link.hash, from.add(path));
    }
  }
  t.ok(targets.size > 30, `${targets.size} places are linked to`);
  const answers = new Map<string, Promise<{ status: number; text: string }>>();
  for (const [target, from] of targets) {
    const [path = '', anchor] = target.split('#');
    answers.set(path, answers.get(path) ?? request('GET', path));
    const { status, text } = (await answers.get(path)) as { status: number; text: string };
    t.equal(status, 200, `${path}, linked from ${[...from].join(', ')}`);
    const hasAnchor = (id: string) => contents.get(path)?.ids.includes(id) ?? text.includes(`id="${id}"`);
    if (anchor) t.ok(hasAnchor(decodeURIComponent(anchor)), `${target}, linked from ${[...from].join(', ')}`);
  }
  const linked = new Set([...targets.keys()].map((target) => target.split('#')[0]));
  t.same(
    paths.filter((path) => !linked.has(path)),
    [],
    'and every page can be reached',
  );
});

t.test('a reader with a keyboard finds what idempotency is, and changes to dark', async (t) => {
  const visitor = await Visitor.enter(browser, url);
  const { page } = visitor;
  await visitor.see({ theme: 'light', width: 1280 });
  await visitor.open('/guide/');
  await page.keyboard.press('Tab');
  t.equal(await visitor.focused(), 'Skip to content', 'the first stop leads past the menu');

  await page.keyboard.press('Control+KeyK');
  await page.locator('.VPLocalSearchBox input').waitFor();
  await page.keyboard.type('idempotency');
  const results = page.locator('.VPLocalSearchBox .result');
  await results.first().waitFor();
  t.match((await results.first().textContent())?.toLowerCase(), 'idempotency');
  t.same(await visitor.findings(), [], 'the open search has no serious finding of axe');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/guide\/[a-z-]+(#.*)?$/);
  await page.locator('.VPLocalSearchBox').waitFor({ state: 'detached' });
  t.match((await page.locator('main').textContent())?.toLowerCase(), 'idempotency', 'and leads to a page that says it');

  // From the top of the page on, with nothing but the tab key.
  await visitor.open('/guide/getting-started');
  const stops = new Set<string>();
  for (let presses = 0; presses < 60 && !stops.has('Finding leaked keys'); presses += 1) {
    await page.keyboard.press('Tab');
    stops.add(await visitor.focused());
  }
  const wanted = ['Skip to content', 'Search', 'Patterns', 'API reference', 'Dead letters and replay', 'Finding leaked keys'];
  t.same(
    wanted.filter((name) => ![...stops].some((stop) => stop.startsWith(name))),
    [],
    'all of the menu is reached',
  );
  await page.locator('.VPNavBarAppearance button').focus();
  await page.keyboard.press('Enter');
  t.ok(await page.evaluate(`document.documentElement.classList.contains('dark')`));
  t.same(visitor.complaints, []);
});

t.test('a page that is not there says so, and leads back', async (t) => {
  const visitor = await Visitor.enter(browser, url);
  await visitor.open('/guide/no/such-page');
  t.match(await visitor.page.locator('main, .NotFound').first().textContent(), /404/);
  t.equal(await visitor.page.locator('.NotFound a').getAttribute('href'), '/guide/');
  const { links } = await visitor.content();
  const reference = links.find((link) => new URL(link).pathname.includes('docs')) ?? '';
  t.equal(reference, `${url}/docs/`, 'the menu leads to the same places as elsewhere');
  t.equal((await request('GET', new URL(reference).pathname)).status, 200);
  t.same(
    visitor.complaints.filter((text) => !text.includes('404')),
    [],
  );
});
