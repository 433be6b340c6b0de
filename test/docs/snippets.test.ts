import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { serverPaths } from '../../docs/.vitepress/pages.ts';
import { notRun, pagesOfCommands, pagesOfPartners, readPages } from './pages.ts';
import { startReader } from './reader.ts';
import { blocksOf, isAsShown, runProgram, runSnippets, snippetsOf, strictCurl } from './snippets.ts';

const root = new URL('../../', import.meta.url);
const pages = await readPages();
const { folder, localEnv, partnerEnv, tries } = await startReader(t);

for (const page of pages) if (!pagesOfCommands.includes(page.name)) tries(page);

/** Languages that are run or checked, here or where the comment says. Everything else in a block is for the eye. */
const known = new Set(['sh', 'json', 'python', 'js', 'text', 'mermaid', 'promql', '']);

const programs = pages.flatMap(({ name, text }) =>
  blocksOf(text)
    .filter(({ language, sample }) => ['python', 'js'].includes(language) && sample === undefined)
    .map((block) => ({ name, block })),
);
for (const [index, { name, block }] of programs.entries()) {
  t.test(`the program of ${name}, line ${block.line}, ends well`, async (t) => {
    const { code, output } = await runProgram(block, await partnerEnv(`program${index}`));
    t.equal(code, 0, output);
  });
}

t.test('every block is run, a copy of a sample, JSON, or for the eye', (t) => {
  for (const { name, text } of pages) {
    for (const { language, code, line, sample, answers } of blocksOf(text)) {
      t.ok(known.has(language), `${name}, line ${line}: a block of ${language}`);
      if (sample !== undefined) t.ok(existsSync(new URL(sample, root)), `${name}, line ${line}: ${sample}`);
      if (language !== 'json' || answers !== undefined) continue;
      t.doesNotThrow(() => JSON.parse(code), `${name}, line ${line}: JSON that stands alone`);
    }
  }
  t.end();
});

t.test('a page for partners asks for nothing that only a checkout of this repository has', (t) => {
  const theirs = pages.filter(({ name }) => pagesOfPartners.includes(name));
  t.equal(theirs.length, pagesOfPartners.length);
  for (const { name, text } of theirs) t.notMatch(text, /LOCAL_DIR|demo\.env/, name);
  t.end();
});

t.test('the list of snippets that are not run names only snippets that are there', (t) => {
  const all = new Set(pages.flatMap(({ text }) => snippetsOf(text).map(({ code }) => code)));
  t.same(
    [...notRun.keys()].filter((code) => !all.has(code)),
    [],
  );
  t.end();
});

t.test('a snippet that is answered with an error ends the run and fails it', async (t) => {
  const page = '```sh\ncurl -sS "$API_URL/v1/inbox" -H \'X-API-Key: wrong\'\n```\n\n```sh\necho never\n```';
  const { code, printed } = await runSnippets(snippetsOf(page), { ...(await localEnv('wrong')), ...(await strictCurl(folder)) });
  t.equal(code, 22, 'the code of curl --fail-with-body');
  t.equal(printed.length, 1);
  t.match(printed[0], '"code":"unauthenticated"');
});

t.test('what a page shows is compared to the last character', (t) => {
  t.ok(isAsShown('{"a":"x1","b":2}\n', '{"a":"…","b":2}'));
  t.notOk(isAsShown('{"a":"x1","b":2,"c":3}', '{"a":"…","b":2}'));
  t.notOk(isAsShown('{"a":"x1","b":2}', '{"a":"…","b":…3}'));
  t.end();
});

t.test('every file, script and link that the pages name is there', async (t) => {
  const scripts = JSON.parse(await readFile(new URL('package.json', root), 'utf8')).scripts;
  for (const { name, text } of pages) {
    const page = new URL(name, root);
    // What begins with a slash is answered by the server.
    const places = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] as string);
    for (const place of places.filter((each) => each.startsWith('/'))) t.ok(serverPaths.includes(place), `${name}: ${place}`);
    const links = places.filter((each) => !each.startsWith('/')).map((place) => new URL(place, page));
    const files = [...text.matchAll(/(?<![\w/.])((?:\.\/)?(?:src|test|scripts|migrations|docs|deploy|\.ci)\/[\w./-]*\w)/g)].map(
      (match) => new URL(match[1] as string, root),
    );
    t.same([...links, ...files].filter((each) => !existsSync(each)).map(String), [], name);
    const commands = [...text.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] as string);
    t.same(
      commands.filter((command) => !(command in scripts)),
      [],
      name,
    );
  }
});
