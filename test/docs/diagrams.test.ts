import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { diagramsIn, diagramsOf, hashIn } from '../../scripts/pictures/diagram-source.ts';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
const diagrams = await diagramsOf(docs);
const pictures = (await readdir(`${docs}pictures`)).filter((name) => name.endsWith('.svg'));
const svgs = new Map(
  await Promise.all(pictures.map(async (name) => [name, await readFile(`${docs}pictures/${name}`, 'utf8')] as [string, string])),
);

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

t.test('the picture of each diagram was drawn from its present source: npm run pictures -- diagrams', (t) => {
  t.ok(diagrams.length > 0, `${diagrams.length} diagrams`);
  for (const { file, hash } of diagrams) t.equal(hashIn(svgs.get(file) ?? ''), hash, file);
  t.end();
});

t.test('no picture of a diagram is left over', (t) => {
  const drawn = [...svgs].filter(([, svg]) => hashIn(svg)).map(([name]) => name);
  t.strictSame(drawn.sort(), diagrams.map(({ file }) => file).sort());
  t.end();
});

t.test('a picture says in words what it shows, and needs nothing from outside', (t) => {
  for (const { file, title, description } of diagrams) {
    const svg = svgs.get(file) ?? '';
    t.match(svg, /<svg[^>]* role="img"/, file);
    t.ok(svg.includes(`>${escaped(title)}</title>`), `${file} has the title "${title}"`);
    t.ok(description.length > 0 && svg.includes(`>${escaped(description)}</desc>`), `${file} has the words of its page`);
    t.notMatch(svg, /<(script|foreignObject|image)|(href|url)\(?="?https?:|@import/, file);
  }
  t.end();
});

t.test('what a diagram is made of: its source, the heading above, the words in its place', (t) => {
  const page =
    '# Page\n\n## Part\n\n![Some words](pictures/page-2.svg)\n\n```mermaid\nflowchart LR\n```\n\n### Other\n\n```mermaid\na --> b\n```\n';
  const [first, second] = diagramsIn('page', page);
  t.match(first, { file: 'page-1.svg', title: 'Part', description: '', source: 'flowchart LR\n' });
  t.match(second, { file: 'page-2.svg', title: 'Other', description: 'Some words', source: 'a --> b\n' });
  const [changed] = diagramsIn('page', page.replace('LR', 'TB'));
  t.not(changed?.hash, first?.hash);
  t.equal(hashIn(`<svg id="x" data-source-sha256="${first?.hash}">`), first?.hash);
  t.end();
});
