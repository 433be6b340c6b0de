import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { alerts, anchorOf, runbookUrlOf } from '../../grafana/src/alerts.ts';
import { recorded, runbookUrl } from '../../grafana/src/model.ts';

const docs = new URL('../../docs/', import.meta.url);
const page = await readFile(new URL('alerts.md', docs), 'utf8');

/** As GitHub and most renderers make an anchor of a heading. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
const headings = [...page.matchAll(/^(#{2,3}) (.+)$/gm)].map(([, level, text]) => ({ level, text: text as string }));
const anchors = headings.map(({ text }) => anchor(text));

t.test('the runbook_url of every alert finds a section, and every section of an alert has one', (t) => {
  const sections = headings.filter(({ level }) => level === '###').map(({ text }) => text);
  t.same([...sections].sort(), alerts.map(({ name }) => name).sort());
  for (const alert of alerts) {
    const [base, fragment] = runbookUrlOf(alert).split('#');
    t.equal(base, runbookUrl);
    t.equal(anchors.filter((each) => each === fragment).length, 1, `one section for ${fragment}`);
  }
  t.equal(new Set(anchors).size, anchors.length, 'no anchor stands twice');
  t.end();
});

t.test('every link of the page leads somewhere', (t) => {
  const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] as string);
  t.ok(links.length > alerts.length);
  for (const link of new Set(links)) {
    const [file, fragment] = link.split('#') as [string, string?];
    if (file === '') t.ok(anchors.includes(fragment as string), link);
    else t.ok(existsSync(new URL(file, docs)), link);
  }
  t.end();
});

t.test('every section says who acts, what it means, when it fires and what to do first', (t) => {
  for (const alert of alerts) {
    const section = page.split(`\n### ${alert.name}\n`)[1]?.split(/\n##/)[0] ?? '';
    for (const part of [alert.owner, alert.description, alert.expr, ...alert.firstSteps])
      t.ok(section.includes(part), `${alert.name}: ${part}`);
    t.match(section, /\n1\. \S/, anchorOf(alert));
  }
  t.end();
});

t.test('commands of the administration that first steps name exist', async (t) => {
  const commands = new Set([...page.matchAll(/`\.\/scripts\/admin ([a-z]+) ([a-z]+)/g)].map(([, group, name]) => `${group} ${name}`));
  t.ok(commands.size > 3);
  for (const command of commands) {
    const [group, name] = command.split(' ') as [string, string];
    const source = await readFile(new URL(`../scripts/administration/${group}.ts`, docs), 'utf8');
    t.ok(source.includes(`'${name}`) || source.includes(`${name}Command`), command);
  }
});

t.test('a link of the documentation’s contents leads to the page', async (t) => {
  t.match(await readFile(new URL('README.md', docs), 'utf8'), '](alerts.md)');
  t.match(page, recorded.errorRatio('5m'));
});
