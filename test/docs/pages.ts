import { readdir, readFile } from 'node:fs/promises';
import { groups, otherPages } from '../../docs/.vitepress/pages.ts';

const root = new URL('../../', import.meta.url);

export type Page = { /** From the root of the repository. */ name: string; text: string };

/** README.md and every page of the documentation. */
export async function readPages(): Promise<Page[]> {
  const names = (await readdir(new URL('docs/', root), { recursive: true })).filter((name) => name.endsWith('.md')).sort();
  return Promise.all(
    ['README.md', 'scripts/README.md', ...names.map((name) => `docs/${name}`)].map(async (name) => ({
      name,
      text: await readFile(new URL(name, root), 'utf8'),
    })),
  );
}

/** Pages whose commands are processes of Node, one after the other: a file of tests of their own has time for them. */
export const pagesOfCommands: readonly string[] = ['docs/admin.md', 'docs/command-line.md'];

/** Pages that partners get to read: they have an address and a key, and nothing of this repository. */
export const pagesOfPartners: readonly string[] = [...otherPages, ...groups.flatMap(({ pages }) => pages.map(({ file }) => file))].map(
  (file) => `docs/${file}`,
);

/** Those among them that show our own commands too, which need what ./scripts/start has written. */
export const pagesWithOurs: readonly string[] = ['docs/secret-scanning.md'];

/** Snippets that are shown and not run here, each with the reason. */
export const notRun = new Map([
  ['./scripts/start', 'runs until it is stopped; the tests of test/scripts start and stop it'],
  ['./scripts/test', 'is what runs this file'],
  ['triggers listen --forward-to http://localhost:3000/hook', 'runs until it is stopped; test/clients/command-listen.test.ts forwards'],
  ['docker compose up', 'needs Docker and images from a registry, and runs until it is stopped'],
]);
