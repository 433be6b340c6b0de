import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { cached } from '../../platform/cached.ts';

/** The built guide: scripts/guide.ts makes it, and says in `.guide.json` what the server must know of it. */
export type Site = {
  /** File below the folder, by its path below /guide/: `errors` is errors.html, and the empty path is index.html. */
  files: ReadonlyMap<string, string>;
  /** The page that says that there is no such page. */
  notFound: string;
  /** Hashes of the scripts that stand in the pages themselves, `sha256-…`. */
  scripts: readonly string[];
};

/**
 * The guide as it is now: one that is built while the server runs is seen within `maxAgeMs`, at the cost of a look at one file's time. That file comes
 * with the rest of its build, in one step.
 */
export function watchSite(folder: string, maxAgeMs = 1_000): () => Promise<Site | undefined> {
  const facts = path.join(folder, factsFile);
  let known: { builtMs: number | undefined; site: Site | undefined } = { builtMs: undefined, site: undefined };
  return cached(maxAgeMs, async () => {
    const builtMs = (await stat(facts).catch(() => undefined))?.mtimeMs;
    if (builtMs !== known.builtMs) known = { builtMs, site: await readSite(folder) };
    return known.site;
  });
}

const factsFile = '.guide.json';

/**
 * Reads what there is: a path that is not in it needs no look at the disk, and none can lead out of the folder.
 * @returns undefined when the guide is not built. @throws Error when what is there is not a guide.
 */
export async function readSite(folder: string): Promise<Site | undefined> {
  const facts = await readFile(path.join(folder, factsFile), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (facts === undefined) return undefined;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, string>();
  for (const entry of entries) {
    // A name with a dot in front is ours; a `.gz` stands for the file beside it.
    if (!entry.isFile() || entry.name.startsWith('.') || entry.name.endsWith('.gz')) continue;
    const name = path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/');
    if (name === '404.html') continue;
    files.set(name, name);
    if (name.endsWith('.html')) files.set(name.replace(/(?:(^|\/)index)?\.html$/, '$1'), name);
  }
  const { scripts } = JSON.parse(facts) as { scripts: string[] };
  return { files, notFound: await readFile(path.join(folder, '404.html'), 'utf8'), scripts };
}
