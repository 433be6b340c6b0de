import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vitepress';
import { siteFolder, sourcesHash, sourcesRoot } from './guide-sources.ts';

/** Signals that end a build, and their numbers. */
const endings = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const;

/**
 * `npm run guide`: builds the partners' guide from docs/ into docs/.vitepress/dist, where the server finds it. The same sources give the same files.
 * Exit code 0: it is built; 1: it is not, and what was there before is as it was.
 */
try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const sources = await sourcesHash();
  // Places of our own, so that two builds at once do no harm: each is whole, and the later one stays.
  const home = path.dirname(siteFolder);
  for (const name of await readdir(home))
    if (await isLeftOver(path.join(home, name))) rmSync(path.join(home, name), { recursive: true, force: true });
  const folder = await mkdtemp(path.join(home, 'building-'));
  const clear = () => rmSync(folder, { recursive: true, force: true });
  for (const [signal, number] of endings)
    process.once(signal, () => {
      clear();
      process.exit(128 + number);
    });
  try {
    const fresh = path.join(folder, 'dist');
    await build(sourcesRoot, {
      onAfterConfigResolve(site) {
        site.tempDir = path.join(folder, 'temp');
        site.outDir = fresh;
      },
    });
    await writeFile(path.join(fresh, '.guide.json'), `${JSON.stringify({ sources, scripts: await inlineScripts(fresh) }, null, 2)}\n`);
    await compress(fresh);
    await putInPlace(fresh, folder);
  } finally {
    clear();
  }
}

/** Puts the new site where the old one is. Another build may do so between the two steps: then that one is the old one. */
async function putInPlace(fresh: string, folder: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await rename(siteFolder, path.join(folder, `old-${attempt}`)).catch((error) => {
      if (error.code !== 'ENOENT') throw error;
    });
    try {
      return await rename(fresh, siteFolder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOTEMPTY' && code !== 'EEXIST') || attempt === 10) throw error;
    }
  }
}

/** Whether that is the folder of a build that was killed: none takes an hour. One that is gone meanwhile is nobody's. */
async function isLeftOver(place: string): Promise<boolean> {
  if (!path.basename(place).startsWith('building-')) return false;
  const made = await stat(place).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs > 3_600_000;
}

/** Puts a `.gz` beside every text that is worth it: the server sends it to whoever takes it. Zlib writes no time and no name into it. */
async function compress(place: string): Promise<void> {
  for (const name of await readdir(place, { recursive: true })) {
    if (!/\.(?:html|js|css|svg|json|txt)$/.test(name)) continue;
    const text = await readFile(path.join(place, name));
    if (text.length >= 1_024) await writeFile(path.join(place, `${name}.gz`), gzipSync(text, { level: 9 }));
  }
}

/** What a Content-Security-Policy calls the scripts that stand in the pages themselves: `sha256-…`, in order. */
async function inlineScripts(place: string): Promise<string[]> {
  const hashes = new Set<string>();
  for (const name of await readdir(place, { recursive: true })) {
    if (!name.endsWith('.html')) continue;
    const page = await readFile(path.join(place, name), 'utf8');
    for (const [, attributes = '', script = ''] of page.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)) {
      if (!/\ssrc=/.test(attributes)) hashes.add(`sha256-${createHash('sha256').update(script).digest('base64')}`);
    }
  }
  return [...hashes].sort();
}
