import t from 'tap';
import { catalogue } from '../../src/pipeline/errors/catalogue.ts';
import { startTestApp } from '../helper/app.ts';

const { request, app } = await startTestApp(t);

t.test('every code of the catalogue has its place on the page of errors, with what to do', async (t) => {
  const page = await request('GET', '/docs/errors');
  t.equal(page.status, 200);
  t.match(page.headers.get('content-type'), 'text/html');
  for (const [code, { status, advice }] of Object.entries(catalogue)) {
    const section = page.text.split('<section ').find((each) => each.startsWith(`id="${code}"`));
    t.ok(section, code);
    t.match(section, `Status ${status}`, `${code} names its status`);
    const words = (text: string) => text.replace(/<[^>]+>|&#\d+;|[`"']/g, '');
    t.ok(words(`${section}`).includes(words(advice)), `${code} says what to do`);
  }
});

t.test('the page of errors runs nothing, loads nothing and is framed by nobody', async (t) => {
  const { headers, text } = await request('GET', '/docs/errors');
  const policy = headers.get('content-security-policy') ?? '';
  t.match(policy, "default-src 'none'");
  t.match(policy, "frame-ancestors 'none'");
  t.notMatch(policy, 'unsafe');
  t.equal(headers.get('x-content-type-options'), 'nosniff');
  t.notMatch(text, /<script|<link|<img|\son\w+=/i);
});

t.test('the reference is at /docs and its document at /docs/json and /openapi.json, without a key', async (t) => {
  for (const path of ['/docs', '/docs/']) {
    const page = await request('GET', path);
    t.equal(page.status, 200);
    t.match(page.headers.get('content-type'), 'text/html');
    const policy = page.headers.get('content-security-policy') ?? '';
    t.match(policy, "script-src 'self';", 'scripts come from here alone');
    t.notMatch(policy, 'upgrade-insecure-requests', 'it works over plain HTTP too');
    const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(
      ([, file]) => new URL(file as string, 'http://host/docs/').pathname,
    );
    t.ok(files.length >= 5);
    for (const file of files) t.equal((await request('GET', file)).status, 200, file);
  }
  const expected = JSON.parse(JSON.stringify(app.openApi()));
  for (const path of ['/docs/json', '/openapi.json']) {
    const document = await request('GET', path);
    t.equal(document.status, 200);
    t.same(document.json, expected);
  }
});

t.test('a wrong key does not close the documentation', async (t) => {
  for (const path of ['/docs', '/docs/json', '/docs/errors', '/openapi.json']) {
    t.equal((await request('GET', path, { key: 'not-a-key' })).status, 200, path);
  }
});
