import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import t from 'tap';
import { catalogue } from '../../src/pipeline/errors/catalogue.ts';
import { startTestApp } from '../helper/app.ts';

/** After an intended change of routes or hooks: UPDATE_SNAPSHOTS=1 ./scripts/test test/docs/request-path.test.ts */
const snapshotFile = new URL('request-path.snapshot.txt', import.meta.url);
const root = new URL('../../', import.meta.url);
const document = await readFile(new URL('docs/request-path.md', root), 'utf8');
const inBackticks = [...document.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] as string);

const { app } = await startTestApp(t);
const routes = `${app.printRoutes({ includeHooks: true }).trimEnd()}\n`;

t.test('the routes and their hooks are those of the snapshot that docs/request-path.md was checked against', async (t) => {
  if (process.env.UPDATE_SNAPSHOTS) await writeFile(snapshotFile, routes);
  t.equal(routes, await readFile(snapshotFile, 'utf8'), 'read docs/request-path.md again, then update the snapshot');
});

t.test('the table names the hooks in the order in which a request meets them', (t) => {
  const tree = routes.slice(routes.indexOf('events (POST'));
  const ofRoute = ['onRequest', 'onSend', 'onResponse'].flatMap((hook) => {
    const names = new RegExp(`\\(${hook}\\) (\\[.*\\])`).exec(tree)?.[1] ?? '[]';
    return (JSON.parse(names) as string[]).map((name) => name.replace('()', ''));
  });
  const stages = document.slice(document.indexOf('| stage |'), document.indexOf('## Where it ends')).split('\n').slice(2);
  const ofTable = stages.map((row) => row.split('|')[3]?.trim() ?? '').filter((cell) => cell !== '');
  t.ok(ofRoute.length > 4, 'the hooks of the route were found');
  t.same(
    ofTable.map((cell) => cell.replaceAll('`', '')),
    ofRoute,
  );
  t.end();
});

t.test('every file, metric and error code of the table exists', (t) => {
  const files = inBackticks.filter((text) => /^(src|test)\/[\w./-]+\.ts$/.test(text));
  t.ok(files.length > 20, 'files were found');
  for (const file of new Set(files)) t.ok(existsSync(new URL(file, root)), file);

  const metrics = new Set(app.metrics.registry.getMetricsAsArray().map(({ name }) => name));
  const names = new Set(
    inBackticks.filter((text) => /^[a-z]+(_[a-z]+)+$|^internal$|^forbidden$|^unavailable$|^unauthenticated$/.test(text)),
  );
  const strange = [...names].filter((name) => !metrics.has(name) && !(name in catalogue));
  t.same(strange, [], 'each is a metric of the server or a code of the catalogue');
  t.end();
});

t.test('every metric of the service stands in the table, but for those of Node itself and the pools', (t) => {
  const own = app.metrics.registry.getMetricsAsArray().map(({ name }) => name);
  const elsewhere = own.filter((name) => !/^(nodejs|process)_/.test(name) && !name.startsWith('postgres_pool_'));
  t.same(
    elsewhere.filter((name) => !inBackticks.includes(name)),
    [],
  );
  t.end();
});

t.test('every route of the API stands in the table', (t) => {
  const named = new Set(inBackticks.filter((text) => /^[A-Z]+ \/./.test(text)));
  const flat = app.printRoutes({ commonPrefix: false });
  const paths: string[] = [];
  const branch: string[] = [];
  for (const line of flat.split('\n')) {
    const match = /^([│ ]*)[├└]── (\S+) \(([A-Z, ]+)\)/.exec(line);
    if (!match) continue;
    const depth = (match[1] as string).length / 4;
    branch.splice(depth, branch.length, match[2] as string);
    const path = branch.slice(0, depth + 1).join('');
    for (const method of (match[3] as string).split(', ')) paths.push(`${method} ${path}`);
  }
  const api = paths.filter((route) => !/ \/(docs|openapi|guide|llms)/.test(route) && !route.startsWith('HEAD '));
  t.ok(api.length >= 12, 'the routes were found');
  t.same(
    api.filter((route) => !named.has(route)),
    [],
  );
  t.same(
    [...named].filter((route) => !paths.includes(route)),
    [],
    'and none that is not there',
  );
  t.end();
});
