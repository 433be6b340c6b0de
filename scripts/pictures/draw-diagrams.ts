import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser, pageMaker } from './browser.ts';
import { type Diagram, diagramsOf } from './diagram-source.ts';

/** Draws every Mermaid block of docs/*.md to docs/pictures/<page>-<number>.svg. */
const docs = fileURLToPath(new URL('../../docs/', import.meta.url));

type Drawing = { drawDiagram(diagram: Diagram): Promise<string> };

const browser = await openBrowser();
try {
  const page = await (await pageMaker(browser, 'page/diagram.ts'))(1440);
  for (const diagram of await diagramsOf(docs)) {
    const svg = await page.evaluate((each) => (window as never as Drawing).drawDiagram(each), diagram);
    await writeFile(path.join(docs, 'pictures', diagram.file), svg);
    console.log(`docs/pictures/${diagram.file}: ${Math.ceil(svg.length / 1024)} KB`);
  }
} finally {
  await browser.close();
}
