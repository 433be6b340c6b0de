import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

export const sourcesRoot = path.join(root, 'docs');

/** Where the built guide is, and where the server looks for it. */
export const siteFolder = path.join(sourcesRoot, '.vitepress', 'dist');

/** What the guide is made of beside docs/: what it publishes from elsewhere, how it is built, and the versions of what builds it. */
const elsewhere = ['CHANGELOG.md', 'openapi/postman.json', 'scripts/guide.ts', 'scripts/guide/markdown.ts', 'package-lock.json'];

/** What of docs/ no page of the site comes from: what a build leaves there, Python's own, and what is written for us alone. */
const noSource = [
  /^docs\/\.vitepress\/(?!theme\/)[^/]+\//,
  /\.timestamp-[^/]*\.mjs$/,
  /\/__pycache__\/|\.pyc$/,
  /^docs\/(?:benchmarks|decisions)\//,
];

/** A hash over names and contents of everything that the guide is made of. `base`: the root of the repository. */
export async function sourcesHash(base = root): Promise<string> {
  const found = await readdir(path.join(base, 'docs'), { recursive: true, withFileTypes: true });
  const names = found
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(base, path.join(entry.parentPath, entry.name)))
    .filter((name) => !noSource.some((pattern) => pattern.test(name)));
  const hash = createHash('sha256');
  for (const name of [...names, ...elsewhere].sort()) {
    const content = await readFile(path.join(base, name)).catch(() => '');
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** Whether the guide is built, and from the sources as they are now. */
export async function guideIsFresh(): Promise<boolean> {
  return (await builtFrom()) === (await sourcesHash());
}

/** The hash of the sources that the built guide is of. Undefined when there is none, or its note cannot be read: then it is built anew. */
async function builtFrom(): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path.join(siteFolder, '.guide.json'), 'utf8'))?.sources;
  } catch {
    return undefined;
  }
}

/**
 * Builds the guide unless it is fresh. In a process of its own: it takes seconds of one core. `signal` ends that process.
 * @returns undefined when the guide is fresh, or else why it is not.
 */
export async function ensureGuide(signal?: AbortSignal): Promise<string | undefined> {
  try {
    if (await guideIsFresh()) return undefined;
    const child = spawn(process.execPath, ['scripts/guide.ts'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], signal });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        said += text;
      });
    }
    const [code] = await once(child, 'close');
    return code === 0 ? undefined : said.trim().split('\n').slice(-8).join('\n');
  } catch (error) {
    return (error as Error).message;
  }
}
