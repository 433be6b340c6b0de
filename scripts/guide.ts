import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vitepress';
import { siteFolder, sourcesHash, sourcesRoot } from './guide-sources.ts';

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
  process.once('SIGTERM', () => {
    clear();
    process.exit(143);
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
    await rename(siteFolder, path.join(folder, 'old')).catch((error) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(fresh, siteFolder);
  } finally {
    clear();
  }
}

/** Whether that is the folder of a build that was killed: none takes an hour. */
async function isLeftOver(place: string): Promise<boolean> {
  return path.basename(place).startsWith('building-') && Date.now() - (await stat(place)).mtimeMs > 3_600_000;
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
