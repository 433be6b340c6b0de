import path from 'node:path';
import { files, serverPaths, shownBy } from './pages.ts';

/** The parts of markdown-it (https://github.com/markdown-it/markdown-it) that are used here. */
type Token = { type: string; children: Token[] | null; attrGet(name: string): string | null; attrSet(name: string, value: string): void };
type Markdown = {
  core: { ruler: { push(name: string, rule: (state: { tokens: Token[]; env: { relativePath: string } }) => void): void } };
};

/**
 * Makes the links that are right in the repository right on the site: to files that are published, to pages under another name, to what the server
 * answers itself. `pages`: the files of the site's pages. @throws Error, which fails the build, at a link to anything that is not published.
 */
export function publishLinks(markdown: Markdown, pages: ReadonlySet<string>): void {
  markdown.core.ruler.push('publish-links', ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null;
      if (href === null || /^(?:[a-z]+:|#)/i.test(href)) continue;
      const [target = '', hash = ''] = href.split(/(?=#)/, 2);
      if (serverPaths.includes(target)) {
        token.attrSet('target', '_self');
        continue;
      }
      const place = path.posix.join('docs', path.posix.dirname(env.relativePath), target);
      const published = files[place];
      const page = shownBy[place] ?? place.replace(/^docs\//, '');
      if (published !== undefined) {
        token.attrSet('href', `./${published}`);
        token.attrSet('target', '_self');
      } else if (pages.has(page)) {
        token.attrSet('href', `./${page}${hash}`);
      } else {
        throw new Error(`docs/${env.relativePath} links to ${href}, which is not published: see docs/.vitepress/pages.ts`);
      }
    }
  });
}
