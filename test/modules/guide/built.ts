import { ensureGuide, siteFolder } from '../../../scripts/guide-sources.ts';
import { readSite, type Site } from '../../../src/modules/guide/site.ts';

/** The guide of the sources as they are now; built if it has to be. @throws Error with what the build said. */
export async function builtSite(): Promise<Site> {
  const trouble = await ensureGuide();
  const site = await readSite(siteFolder);
  if (trouble !== undefined || !site) throw new Error(`the guide cannot be built:\n${trouble}`);
  return site;
}

/** Where its pages are answered, in the order of their names. */
export function pagePaths({ files }: Site): string[] {
  return [...files].filter(([place, file]) => file.endsWith('.html') && place !== file).map(([place]) => `/guide/${place}`);
}
