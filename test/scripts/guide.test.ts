import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { publishLinks } from '../../docs/.vitepress/links.ts';
import { sourcesHash } from '../../scripts/guide-sources.ts';

t.test('the guide is built anew when a page, a name or the way it is built has changed, and not for what was built', async (t) => {
  const root = t.testdir({
    docs: { 'one.md': 'one', '.vitepress': { 'config.ts': 'a', theme: { 'style.css': 'b' } } },
    'package-lock.json': '{}',
  });
  const docs = path.join(root, 'docs');
  let before = await sourcesHash(root);
  const differs = async (what: string) => {
    const now = await sourcesHash(root);
    t.not(now, before, what);
    before = now;
  };
  await mkdir(path.join(docs, '.vitepress/dist'));
  await writeFile(path.join(docs, '.vitepress/dist/one.html'), 'built');
  await mkdir(path.join(docs, '.vitepress/building-x/temp'), { recursive: true });
  await writeFile(path.join(docs, '.vitepress/building-x/temp/one.js'), 'built');
  for (const folder of ['samples/__pycache__', 'decisions', 'benchmarks']) {
    await mkdir(path.join(docs, folder), { recursive: true });
    await writeFile(path.join(docs, folder, 'call.cpython-311.pyc'), 'no page comes from it');
  }
  t.equal(await sourcesHash(root), before);
  for (const file of ['docs/one.md', 'docs/.vitepress/config.ts', 'docs/.vitepress/theme/style.css', 'package-lock.json', 'CHANGELOG.md']) {
    await writeFile(path.join(root, file), 'changed');
    await differs(file);
  }
  await rename(path.join(docs, 'one.md'), path.join(docs, 'two.md'));
  await differs('a new name');
});

/** What a link of docs/leases.md becomes on the site. */
function publishedLink(href: string): Record<string, string> {
  const attributes: Record<string, string> = { href };
  const attrGet = (name: string) => attributes[name] ?? null;
  const attrSet = (name: string, value: string) => {
    attributes[name] = value;
  };
  const link = { type: 'link_open', children: null, attrGet, attrSet };
  const tokens = [{ ...link, type: 'inline', children: [link] }];
  const ruler = { push: (_: string, rule: (state: object) => void) => rule({ tokens, env: { relativePath: 'leases.md' } }) };
  publishLinks({ core: { ruler } } as unknown as Parameters<typeof publishLinks>[0], new Set(['leases.md', 'faq.md', 'changelog.md']));
  return attributes;
}

t.test('a link of a page leads to the same on the site as in the repository', (t) => {
  t.same(publishedLink('faq.md#why'), { href: './faq.md#why' });
  t.same(publishedLink('#receive'), { href: '#receive' });
  t.same(publishedLink('https://cloudevents.io'), { href: 'https://cloudevents.io' });
  t.same(publishedLink('../CHANGELOG.md'), { href: './changelog.md' }, 'a file that a page shows');
  t.same(publishedLink('samples/quick-start.sh'), { href: './samples/quick-start.sh', target: '_self' }, 'a file that is published');
  t.same(publishedLink('../openapi/postman.json'), { href: './postman.json', target: '_self' });
  t.same(publishedLink('/docs'), { href: '/docs', target: '_self' }, 'what the server answers itself');
  t.end();
});

t.test('a link to what partners do not get to see fails the build', (t) => {
  for (const href of [
    'alerts.md',
    'decisions/README.md',
    '../README.md',
    '../src/app.ts',
    '/v1/inbox',
    'nowhere.md#faq',
    'old/patterns.md',
    'faq.md.bak',
  ]) {
    t.throws(() => publishedLink(href), { message: /^docs\/leases\.md links to .+ which is not published/ }, href);
  }
  t.end();
});
