import { readFile } from 'node:fs/promises';
import t from 'tap';
import { errorsPageText } from '../../scripts/guide/errors-page.ts';
import { headingsOf } from '../../scripts/guide/markdown.ts';
import { ApiError, catalogue, type ErrorCode } from '../../src/pipeline/errors/catalogue.ts';
import { problemDocument } from '../../src/pipeline/errors/handler.ts';
import { startTestApp } from '../helper/app.ts';

const docs = new URL('../../docs/', import.meta.url);
const page = await readFile(new URL('errors.md', docs), 'utf8');
const troubleshooting = await readFile(new URL('troubleshooting.md', docs), 'utf8');
const anchors = headingsOf(page).map(({ slug }) => slug);
const codes = Object.keys(catalogue) as ErrorCode[];

t.test('every code has a section whose anchor is the code, with status, whether to retry, meaning and what to do', async (t) => {
  for (const code of codes) {
    const { status, title, advice, retryable } = catalogue[code];
    t.equal(anchors.filter((each) => each === code).length, 1, code);
    const section = page.split(/^(?=#{2,3} )/m).find((each) => each.startsWith(`### ${code}\n`)) ?? '';
    t.match(section, `**${status}**, ${retryable ? 'the same request may succeed later' : 'not to be repeated'}`);
    t.match(section, title);
    t.match(section, `**What to do**: ${advice}`);
    t.match(page, `| [\`${code}\`](#${code}) | ${status} | ${retryable ? 'yes' : 'no'} |`, `${code} is in the table`);
  }
  t.equal(errorsPageText(troubleshooting), page, 'npm run generate');
});

t.test('the type of every code but those of 429 ends with the code', async (t) => {
  for (const code of codes) {
    const { type } = problemDocument(new ApiError(code), 'req_1', '/v1/events', 'https://api.example.com');
    if (catalogue[code].status === 429) t.match(type, /^https:\/\/iana\.org\/.*#quota-exceeded$/, code);
    else t.equal(type, `https://api.example.com/guide/errors#${code}`);
  }
});

t.test('every code that an entry of the troubleshooting names links to it', async (t) => {
  const known = headingsOf(troubleshooting).map(({ slug }) => slug);
  const links = [...page.matchAll(/\(troubleshooting\.md#([^)]+)\)/g)].map((match) => match[1] as string);
  t.ok(links.length > 20, `${links.length} links`);
  t.same(
    links.filter((link) => !known.includes(link)),
    [],
  );
});

t.test('the type of an answer leads to a page with that anchor, whether the guide is built or not', async (t) => {
  const { request, addPartner } = await startTestApp(t);
  const { key } = await addPartner();
  for (const refused of [
    await request('POST', '/v1/events', { key, body: '{' }),
    await request('GET', '/v1/inbox?limit=0', { key }),
    await request('GET', '/v1/inbox'),
    await request('GET', '/nowhere'),
  ]) {
    const type = new URL(refused.json.type, 'http://relative');
    t.equal(type.hash, `#${refused.json.code}`);
    const led = await request('GET', type.pathname);
    t.equal(led.status, 200);
    t.match(led.text, `id="${refused.json.code}"`);
  }
});
