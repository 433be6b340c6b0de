import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import path from 'node:path';
import Fastify from 'fastify';
import t from 'tap';
import { files as published } from '../../../docs/.vitepress/pages.ts';
import { guide } from '../../../src/modules/guide/routes.ts';
import { registerErrorHandler } from '../../../src/pipeline/errors/handler.ts';
import { startTestApp } from '../../helper/app.ts';
import { until } from '../../helper/until.ts';
import { builtSite, pagePaths } from './built.ts';

const root = new URL('../../../', import.meta.url);
const site = await builtSite();
const paths = pagePaths(site);
const { app, url, request } = await startTestApp(t);
const asset = [...site.files.keys()].find((place) => /^assets\/app\..+\.js$/.test(place)) as string;

const agent = new Agent({ keepAlive: true });
t.teardown(() => agent.destroy());

/** A request as it is written: no path is made tidy, no answer is unpacked, no redirection followed. */
async function raw(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { hostname, port } = new URL(url);
  const [answer] = (await once(httpRequest({ hostname, port, path, headers, method, agent }).end(), 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(await answer.toArray()) };
}

t.test(
  'every page is HTML that may run nothing but what was built into it, load nothing from elsewhere and be framed by nobody',
  async (t) => {
    t.ok(paths.includes('/guide/') && paths.includes('/guide/getting-started') && paths.includes('/guide/errors'), `${paths}`);
    for (const path of paths) {
      const { status, headers, text } = await request('GET', path);
      t.equal(status, 200, path);
      t.equal(headers.get('content-type'), 'text/html; charset=utf-8');
      t.equal(headers.get('x-content-type-options'), 'nosniff');
      t.equal(headers.get('referrer-policy'), 'no-referrer');
      const policy = new Map((headers.get('content-security-policy') ?? '').split('; ').map((part) => [part.split(' ')[0], part]));
      t.equal(policy.get('default-src'), "default-src 'none'");
      t.equal(policy.get('frame-ancestors'), "frame-ancestors 'none'");
      t.notMatch(policy.get('script-src'), /unsafe|https?:|\*/);
      const scripts = [...text.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1] as string);
      t.ok(scripts.length > 0, 'there are scripts in the page itself');
      for (const script of scripts) t.match(policy.get('script-src'), `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
    }
  },
);

t.test('a cache asks for a page again, and is told when it is the same; what is named after its content it keeps', async (t) => {
  const page = await raw('/guide/errors');
  t.equal(page.headers['cache-control'], 'no-cache');
  const again = await raw('/guide/errors', { 'if-none-match': `${page.headers.etag}` });
  t.same([again.status, again.body.length], [304, 0]);
  const script = await raw(`/guide/${asset}`);
  t.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable');
  t.match(script.headers['content-type'], /javascript/);
});

t.test('who takes gzip gets less to load, and the same', async (t) => {
  const packed = await raw('/guide/errors', { 'accept-encoding': 'gzip, br' });
  const plain = await raw('/guide/errors', { 'accept-encoding': 'identity' });
  t.same([packed.headers['content-encoding'], plain.headers['content-encoding']], ['gzip', undefined]);
  t.same(
    [packed.headers['content-type'], packed.headers.vary, plain.headers.vary],
    ['text/html; charset=utf-8', 'accept-encoding', 'accept-encoding'],
  );
  t.ok(packed.body.length < plain.body.length / 3);
  const unpacked = new Response(new Blob([packed.body]).stream().pipeThrough(new DecompressionStream('gzip')));
  t.equal(await unpacked.text(), plain.body.toString());
});

t.test('HEAD has the headers of GET, /guide leads to /guide/, and other methods are refused as everywhere', async (t) => {
  const head = await raw('/guide/errors', {}, 'HEAD');
  const { headers } = await raw('/guide/errors');
  t.same([head.status, head.body.length, head.headers['content-length']], [200, 0, headers['content-length']]);
  const moved = await raw('/guide');
  t.same([moved.status, moved.headers.location], [308, '/guide/']);
  for (const path of ['/guide', '/guide/', '/guide/errors', '/guide/no/such', '/llms.txt']) {
    const refused = await request('POST', path);
    t.match(refused.json, { status: 405, code: 'method_not_allowed' }, path);
    t.equal(refused.headers.get('allow'), 'GET, HEAD');
  }
});

t.test('a page that is not there is a page of the guide; beside the guide it is a problem document, as ever', async (t) => {
  for (const path of ['/guide/no-such-page', '/guide/no/such/page', '/guide/assets/', '/guide/errors/']) {
    const { status, headers, text } = await request('GET', path);
    t.equal(status, 404, path);
    t.equal(headers.get('content-type'), 'text/html; charset=utf-8');
    t.match(headers.get('content-security-policy'), "default-src 'none'");
    t.match(text, '<title>404');
  }
  for (const path of ['/guides', '/guide-x', '/v1/guide', '/v1/nowhere', '/']) {
    t.match((await request('GET', path)).json, { status: 404, code: 'route_not_found' }, path);
  }
});

t.test('no path leads out of the guide', async (t) => {
  const manifest = await readFile(new URL('package.json', root), 'utf8');
  for (const up of [
    '../'.repeat(3),
    '..%2f'.repeat(3),
    '%2e%2e/'.repeat(3),
    '%2e%2e%2f'.repeat(3),
    '..\\'.repeat(3),
    'assets/../../../../',
    '/',
  ]) {
    const { status, body } = await raw(`/guide/${up}package.json`);
    t.ok(status === 404 || status === 400, `${up}: ${status}`);
    t.not(body.toString(), manifest);
  }
  for (const path of ['.guide.json', '%2eguide.json', 'errors%00.html', '404.html', 'errors.html.gz', `${asset}.gz`]) {
    t.equal((await raw(`/guide/${path}`)).status, 404, path);
  }
});

t.test('what is not for partners is not there', async (t) => {
  const pages = (await readdir(new URL('docs/', root), { recursive: true })).filter((name) => name.endsWith('.md'));
  const hidden = pages.filter((name) => !site.files.has(name.replace(/(^index)?\.md$/, '')));
  for (const name of ['admin.md', 'alerts.md', 'request-path.md', 'README.md', 'decisions/README.md']) t.ok(hidden.includes(name), name);
  const everything = (await Promise.all([...new Set(site.files.values())].map((file) => raw(`/guide/${file}`)))).map(({ body }) =>
    body.toString(),
  );
  for (const name of hidden) {
    for (const path of [name, name.replace(/\.md$/, '')]) t.equal((await raw(`/guide/${path}`)).status, 404, path);
    // The longest piece of it without a mark of any kind, which would look the same on a page and in the index of the search.
    const pieces = (await readFile(new URL(`docs/${name}`, root), 'utf8')).split(/[^\w ,.:;-]+/);
    const piece = pieces.reduce((longest, each) => (each.length > longest.length ? each : longest), '').trim();
    t.ok(piece.length > 20 && !everything.some((text) => text.includes(piece)), `${name}: not in the search either`);
  }
});

t.test('samples and the collection are published as they are, and /llms.txt is plain text', async (t) => {
  for (const [place, path] of Object.entries(published)) {
    const { status, body } = await raw(`/guide/${path}`);
    t.equal(status, 200, path);
    t.equal(body.toString(), await readFile(new URL(place, root), 'utf8'));
  }
  const { status, headers, text } = await request('GET', '/llms.txt');
  t.equal(status, 200);
  t.equal(headers.get('content-type'), 'text/plain; charset=utf-8');
  t.match(text, /^# Triggers API\n/);
});

t.test('reading takes no key and no token, and is counted under one name', async (t) => {
  const { headers, status } = await request('GET', '/guide/errors', { key: 'no key at all' });
  t.equal(status, 200);
  t.same(
    [...headers.keys()].filter((name) => name.includes('ratelimit')),
    [],
  );
  const { values } = await app.metrics.requests.get();
  t.ok(values.some(({ labels }) => labels.operation === 'getGuide' && labels.status === '200'));
  t.notOk(values.some(({ labels }) => `${labels.operation}`.includes('errors')));
});

t.test('a server whose guide is not built starts, says so once, says how to build it, and has it when it is', async (t) => {
  const lines: string[] = [];
  const bare = Fastify({ logger: { level: 'warn', stream: { write: (line: string) => void lines.push(line) } } });
  t.teardown(() => bare.close());
  registerErrorHandler(bare, { publicUrl: '' });
  const folder = path.join(t.testdir(), 'dist');
  await guide(bare, { folder });
  for (const place of ['/guide/', '/guide/patterns', '/llms.txt']) {
    const answer = await bare.inject(place);
    t.equal(answer.headers['content-type'], 'application/problem+json');
    t.match(answer.json(), { status: 404, code: 'route_not_found', detail: /npm run guide/ }, place);
  }
  const errors = await bare.inject('/guide/errors');
  t.same([errors.statusCode, errors.headers.location], [302, '/docs/errors'], 'the type of a problem document leads somewhere');
  t.equal(lines.length, 1);
  t.match(lines[0], 'npm run guide');

  const build = async (text: string) => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    const pages = { 'index.html': text, '404.html': 'none', '.guide.json': JSON.stringify({ scripts: ['sha256-abc'] }) };
    for (const [name, content] of Object.entries(pages)) await writeFile(path.join(folder, name), content);
  };
  for (const text of ['the first', 'the second']) {
    await build(text);
    await until(`${text} build is answered`, async () => (await bare.inject('/guide/')).body === text);
  }
  t.match((await bare.inject('/guide/')).headers['content-security-policy'], "script-src 'self' 'sha256-abc'");
  t.equal((await bare.inject('/guide/patterns')).body, 'none');
});
