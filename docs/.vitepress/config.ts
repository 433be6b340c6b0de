import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { slugOf } from '../../scripts/guide/markdown.ts';
import { publishLinks } from './links.ts';
import { files, groups, otherPages } from './pages.ts';
import { mendSearchBox } from './search-box.ts';

/** The partners' guide as a site: `npm run guide` builds it, and the server answers it at /guide. */
const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = new Set([...otherPages, ...groups.flatMap((group) => group.pages.map(({ file }) => file))]);
const missing = [...[...pages].map((file) => `docs/${file}`), ...Object.keys(files)].filter((file) => !existsSync(path.join(root, file)));
if (missing.length > 0) throw new Error(`docs/.vitepress/pages.ts names what is not there: ${missing.join(', ')}`);
const unpublished = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.md') && !pages.has(file),
);

/** A place as it is: VitePress does not put the base before the path of a file. */
const file = (text: string, link: string) => ({ text, link, target: '_self' });
/**
 * Out of the guide, from the top: a menu on the page of an address that is not there may stand at any depth. VitePress puts the base before a path, and
 * the browser takes it away again; with the slash at the end it leaves the rest alone.
 */
const reference = file('API reference', '/../docs/');

export default defineConfig({
  lang: 'en',
  title: 'Triggers API',
  description: 'Send events over HTTP, pick them up from an inbox, acknowledge what you have handled.',
  base: '/guide/',
  cleanUrls: true,
  srcExclude: unpublished,
  // Both would say when and where it was built; the same sources shall give the same site.
  lastUpdated: false,
  // Page and site data in a file of their own: inline, they would be a script that the Content-Security-Policy has to name anew for each build.
  metaChunk: true,
  // Its switch would insert a style element for a moment, which the Content-Security-Policy forbids.
  appearance: { disableTransition: false },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/guide/icon.svg' }]],
  // One at a time: the index of the search is in the order in which pages are rendered.
  buildConcurrency: 1,
  markdown: {
    config: (markdown) => publishLinks(markdown, pages),
    // The same anchors as on GitHub: `type` of a problem document ends with the code, whose heading it is.
    anchor: { slugify: slugOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  vite: { publicDir: 'public', plugins: [mendSearchBox()] },
  buildEnd({ outDir }) {
    for (const [place, published] of Object.entries(files)) {
      const target = path.join(outDir, published);
      mkdirSync(path.dirname(target), { recursive: true });
      copyFileSync(path.join(root, place), target);
    }
  },
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Getting started', link: '/getting-started' },
      { text: 'Patterns', link: '/patterns' },
      { text: 'Errors', link: '/errors' },
      reference,
    ],
    sidebar: [
      ...groups.map((group) => ({
        text: group.title,
        items: group.pages.map(({ file, title }) => ({ text: title, link: `/${file.replace(/\.md$/, '')}` })),
      })),
      {
        text: 'Reference',
        items: [
          reference,
          file('OpenAPI document', '/openapi.json'),
          file('Postman collection', '/guide/postman.json'),
          { text: 'Changelog', link: '/changelog' },
        ],
      },
    ],
    outline: { level: [2, 3] },
    externalLinkIcon: true,
  },
});
