import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { isAsShown } from '../docs/snippets.ts';
import { startTestApp } from '../helper/app.ts';
import { packClient, plain } from './typescript-packed.ts';

const [{ url, addPartner }, { consumer, files, tsc }] = await Promise.all([startTestApp(t), packClient(t)]);
const { key } = await addPartner();

/** The Node of whoever has none of ours: any that the package supports. */
const otherNode = 'node';

/** Runs programs of the consumer, one after the other in one process. When one says that it waits for SIGTERM and has printed, it gets that. */
async function runPrograms(node: string, programs: { name: string; code: string }[]) {
  for (const { name, code } of programs) await writeFile(path.join(consumer, name), code);
  const runner = programs.map(({ name }) => `process.stdout.write('\\x1e'); await import('./${name}');`).join('\n');
  const child = spawn(plain.command, [...plain.options, node, '--input-type=module', '--eval', runner], {
    cwd: consumer,
    env: { ...process.env, TRIGGERS_API_KEY: key, TRIGGERS_API_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  const stopped = new Set<number>();
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    out += piece;
    const parts = out.split(separator);
    const at = parts.length - 2;
    if (parts.at(-1) === '' || stopped.has(at) || !programs[at]?.code.includes('SIGTERM')) return;
    stopped.add(at);
    child.kill('SIGTERM');
  });
  const [errors, [status]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return { printed: out.split(separator).slice(1), errors, status };
}

const separator = '\x1e';

type Example = { language: string; code: string; name: string; prints: string | undefined };

/** The `js` and `ts` blocks of a page, each with the `text` block that follows. */
function examplesOf(page: string): Example[] {
  return [...page.matchAll(/^```(js|ts)\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```)?/gm)].map(
    ({ 1: language = '', 2: code = '', 3: prints, index }) => ({
      language,
      code,
      name: `line-${page.slice(0, index).split('\n').length}`,
      prints: prints?.trim(),
    }),
  );
}

t.test('the tarball has what is needed and nothing else', async (t) => {
  const kinds = new Set(files.map((file) => file.replace(/^(dist|src)\/[\w-]+\./, '$1/*.')));
  t.same(kinds, new Set(['README.md', 'dist/*.d.ts', 'dist/*.d.ts.map', 'dist/*.js', 'dist/*.js.map', 'package.json', 'src/*.ts']));
  for (const file of ['dist/index.js', 'dist/index.d.ts', 'dist/openapi.d.ts', 'README.md']) t.ok(files.includes(file), file);
});

t.test('plain JavaScript imports it, sends, and works its inbox', async (t) => {
  const program = `
    import { Triggers, version } from '@triggers-api/client';
    import { createRequire } from 'node:module';
    const client = new Triggers();
    await client.sendBatch([1, 2, 3].map((n) => ({ eventType: 'plain', payload: { n } })));
    const seen = [];
    for await (const { payload } of client.inbox({ stopWhenEmpty: true, eventTypes: ['plain'] })) seen.push(payload.n);
    console.log(JSON.stringify({ seen, version, manifest: createRequire(import.meta.url)('@triggers-api/client/package.json').version }));
  `;
  const { version } = JSON.parse(await readFile(new URL('../../openapi/clients/typescript/package.json', import.meta.url), 'utf8'));
  for (const node of new Set([process.execPath, otherNode])) {
    const { printed, errors, status } = await runPrograms(node, [{ name: 'plain.mjs', code: program }]);
    t.equal(errors, '', node);
    t.equal(status, 0, node);
    t.same(JSON.parse(printed[0] as string), { seen: [1, 2, 3], version, manifest: version });
  }
});

/** A program of a partner who is strict, also with the declarations that it imports. What must not be taken is marked. */
const strictProgram = `
  import { type BatchSummary, type InboxEvent, type LeasedEvent, type Page, Triggers } from '@triggers-api/client';
  type Order = { order_id: string };
  const client = new Triggers({ apiKey: 'x', baseUrl: 'https://triggers.example' });
  export const summary: Promise<BatchSummary> = client.sendBatch([{ eventType: 'a', payload: { order_id: 'b' } }]);
  export const page: Promise<Page<InboxEvent<Order>>> = client.peek<Order>({ limit: 1 });
  export const done: Promise<void> = client.work<Order>(async (event: LeasedEvent<Order>) => event.payload.order_id);
  export const left = async () => (await client.usage()).monthly.remaining.toFixed();
  export const raw = async () => (await client.api.GET('/v1/usage')).data?.events_accepted.toFixed();
  // @ts-expect-error a type is text
  client.send(1, {});
  // @ts-expect-error there is no such member
  (await client.usage()).events_accepted;
  // @ts-expect-error a handler is a function
  client.work({});
  // @ts-expect-error there is no such filter
  client.listEvents({ status: 'done' });
`;

t.test('the examples of the README run as printed and print what it shows; they and a strict program fit the types', async (t) => {
  const readme = await readFile(path.join(consumer, 'node_modules/@triggers-api/client/README.md'), 'utf8');
  const examples = examplesOf(readme);
  t.ok(examples.length >= 8, `${examples.length} examples`);
  t.equal(examples.length, [...readme.matchAll(/^```(?:js|ts|javascript|typescript)\b/gm)].length, 'all are found');
  await writeFile(path.join(consumer, 'strict.mts'), strictProgram);
  for (const { language, name, code } of examples) if (language === 'ts') await writeFile(path.join(consumer, `${name}.mts`), code);
  const typed = examples.filter(({ language }) => language === 'ts').map(({ name }) => `${name}.mts`);
  await tsc('--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022', '--types', 'node', ...typed, 'strict.mts');
  const programs = examples.map(async ({ language, name, code }) => ({
    name: `${name}.mjs`,
    code: language === 'ts' ? await readFile(path.join(consumer, `${name}.mjs`), 'utf8') : code,
  }));
  const { printed, errors, status } = await runPrograms(otherNode, await Promise.all(programs));
  t.equal(errors, '', 'none warns of anything');
  t.equal(status, 0);
  for (const [index, { name, prints }] of examples.entries()) {
    if (prints !== undefined) t.ok(isAsShown(printed[index] ?? '', prints), `${name} printed: ${printed[index]}`);
  }
});
