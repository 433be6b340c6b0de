import { readdir, readFile } from 'node:fs/promises';
import t from 'tap';
import { llmsText } from '../../scripts/guide/llms.ts';
import { firstSentenceOf, headingsOf, withoutBlocks } from '../../scripts/guide/markdown.ts';
import { commandsOf, quickStartOf } from '../../scripts/guide/quick-start.ts';
import { withSamples } from '../../scripts/guide/samples.ts';

const root = new URL('../../', import.meta.url);
const docs = new URL('docs/', root);
const read = (name: string) => readFile(new URL(name, root), 'utf8');
const names = (await readdir(docs, { recursive: true })).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
const pages = new Map(await Promise.all([...names, 'README.md', 'CHANGELOG.md'].map(async (name) => [name, await read(name)] as const)));
const page = (name: string) => pages.get(`docs/${name}.md`) ?? '';
const sections = (text: string, level: number) => headingsOf(text).filter((heading) => heading.level === level);

/** As `wc -w` counts. */
const words = (text: string) => text.split(/\s+/).filter((word) => word !== '').length;
/** Printed lines of 95 characters, 55 to a page: A4 in a type that one can read. */
const printedPages = (text: string) => text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 95)), 0) / 55;

t.test('getting started has 2,000 to 5,000 words on less than ten pages', async (t) => {
  const text = page('getting-started');
  t.ok(words(text) >= 2_000 && words(text) <= 5_000, `${words(text)} words`);
  t.ok(printedPages(text) < 10, `${printedPages(text).toFixed(1)} pages`);
});

t.test('both quick starts lead to an acknowledgement in five commands or fewer', async (t) => {
  for (const text of [page('getting-started'), pages.get('README.md') ?? '']) {
    const commands = quickStartOf(text).flatMap(commandsOf);
    t.ok(commands.length >= 3 && commands.length <= 5, `${commands.length} commands: ${commands.join(' | ')}`);
  }
  t.match(quickStartOf(page('getting-started')).join('\n'), /\/v1\/health[\s\S]*\/v1\/events[\s\S]*\/v1\/inbox[\s\S]*\/acknowledge/);
});

t.test('there are five patterns, each in Python, Node and curl, as their files have them', async (t) => {
  const text = page('patterns');
  for (const name of ['sync', 'poll', 'workers', 'backfill', 'exactly-once'])
    for (const extension of ['py', 'js', 'sh'])
      t.match(text, `<!-- sample: docs/samples/patterns/${name}.${extension} -->`, `${name} in ${extension}`);
  t.equal(await withSamples(text), text, 'npm run generate');
});

t.test('a sample of an unknown language, or one that is not there, fails the generation', async (t) => {
  await t.rejects(withSamples('<!-- sample: docs/samples/partners.csv -->\n'), /partners\.csv: a sample ends with \.py, \.js, \.sh/);
  await t.rejects(withSamples('<!-- sample: docs/samples/none.py -->\n'), { code: 'ENOENT' });
});

t.test('there are fifteen entries of troubleshooting and fifteen questions at least', async (t) => {
  t.ok(sections(page('troubleshooting'), 3).length >= 15);
  const questions = sections(page('faq'), 3);
  t.ok(questions.length >= 15);
  for (const { text } of questions) t.match(text, /\?$|\. What now\?$/, 'a question ends with a question mark');
});

t.test('every link to a place in a page finds it', async (t) => {
  let found = 0;
  for (const [name, text] of pages) {
    for (const { 1: file, 2: anchor } of withoutBlocks(text).matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)) {
      const target = file === '' ? text : pages.get(decodeURI(new URL(file as string, new URL(name, root)).href.slice(root.href.length)));
      t.ok(target && headingsOf(target).some(({ slug }) => slug === anchor), `${name}: ${file}#${anchor}`);
      found += 1;
    }
  }
  t.ok(found > 60, `${found} links`);
});

t.test('the pictures of the architecture have their source below them, and say in words what they show', async (t) => {
  const text = page('architecture');
  const pictures = [
    ...text.matchAll(/!\[([^\]]+)\]\(pictures\/architecture-(\d)\.svg\)\n\n<details>\n<summary>[^<]+<\/summary>\n\n```mermaid\n/g),
  ];
  t.same(
    pictures.map((match) => match[2]),
    ['1', '2', '3'],
  );
  t.equal(text.match(/^```mermaid$/gm)?.length, 3, 'and no diagram is without its picture');
  for (const [, words = ''] of pictures) t.ok(words.length > 60, words);
});

t.test('llms.txt has a title, a summary, and a line for each page of the guide', async (t) => {
  const text = await llmsText();
  t.match(text, /^# Triggers API\n\n> .+\n\n/);
  for (const name of ['getting-started', 'patterns', 'errors', 'troubleshooting', 'faq', 'architecture', 'leases'])
    t.match(text, new RegExp(`^- \\[[^\\]]+\\]\\(/guide/${name}\\): .{20,}$`, 'm'), name);
  t.notMatch(text, /^- \[.*:$/m, 'a sentence that leads to an example is ended');
  t.equal(firstSentenceOf('# Errors\n\nEvery one is a document:\n\n- one'), 'Every one is a document.');
  t.equal(await read('docs/public/llms.txt'), text, 'npm run generate');
});

t.test('the changelog has the form of Keep a Changelog', async (t) => {
  const text = pages.get('CHANGELOG.md') ?? '';
  t.match(text, /^# Changelog\n/);
  for (const { text: heading } of sections(text, 2)) t.match(heading, /^\[Unreleased\]$|^\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}$/);
  for (const { text: heading } of sections(text, 3)) t.match(heading, /^(Added|Changed|Deprecated|Removed|Fixed|Security)$/);
  t.ok(sections(text, 2).length >= 1);
});

t.test('anchors are those of GitHub', async (t) => {
  const text = '# A `b_c`: d/e, f?\n\n## Same\n\n## Same\n\n```sh\n# no heading\n```\n\n## Ünïcode – dash\n';
  t.same(
    headingsOf(text).map(({ slug }) => slug),
    ['a-b_c-de-f', 'same', 'same-1', 'ünïcode--dash'],
  );
});
