import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { type Answer, startTestApp } from '../helper/app.ts';
import { Contract } from './contract.ts';

type Field = { key: string; value: string; disabled?: boolean };
type Request = {
  name: string;
  event?: { script: { exec: string[] } }[];
  request: {
    auth?: { type: string };
    method: string;
    header: Field[];
    url: { raw: string; host: string[]; path: string[]; query?: Field[]; variable?: Field[] };
    body?: { mode: string; raw: string };
  };
};
type Collection = {
  info: { schema: string };
  auth: { apikey: Field[] };
  variable: Field[];
  item: { name: string; item: Request[] }[];
};

const collection: Collection = JSON.parse(await readFile(new URL('../../openapi/postman.json', import.meta.url), 'utf8'));
const { app, url, addPartner, request } = await startTestApp(t);
const contract = new Contract(app.openApi());

/** Answers other than 200, when the folders are run in order: each is what the state of the one event leads to. */
const otherwise: Record<string, { status: number; code: string }> = {
  'Extend a lease': { status: 409, code: 'lease_lost' },
  'Settle up to 500 events': { status: 207, code: '' },
  'Throw a dead letter away': { status: 404, code: 'event_not_found' },
  'See how far a job has come': { status: 404, code: 'job_not_found' },
};

/** Runs a request as Postman does: its variables, its address, and afterwards its script. */
async function send({ name, event, request: { auth, method, header, url: address, body } }: Request, variables: Map<string, string>) {
  const fill = (text: string) =>
    text.replace(/\{\{(\$?\w+)\}\}/g, (whole, key: string) => (key === '$guid' ? randomUUID() : (variables.get(key) ?? whole)));
  const given = (fields: Field[] = []) => fields.filter(({ disabled }) => !disabled).map(({ key, value }) => [key, fill(value)] as const);
  const inPath = new Map(given(address.variable));
  const path = address.path.map((segment) => (segment.startsWith(':') ? inPath.get(segment.slice(1)) : segment)).join('/');
  const query = new URLSearchParams(Object.fromEntries(given(address.query))).toString();
  const key = Object.fromEntries(collection.auth.apikey.map((each) => [each.key, fill(each.value)]));
  const headers = {
    ...(auth?.type !== 'noauth' && { [key.key as string]: key.value as string }),
    ...Object.fromEntries(given(header).map(([name, value]) => [name.toLowerCase(), value])),
  };
  const answer = await request(method, `/${path}${query && `?${query}`}`, { headers, ...(body && { body: fill(body.raw) }) });
  const pm = {
    response: { code: answer.status, json: () => answer.json },
    collectionVariables: { set: (name: string, value: string) => variables.set(name, value) },
  };
  for (const { script } of event ?? []) runInNewContext(script.exec.join('\n'), { pm });
  return { name, path: `/${path}`, method, template: `/${address.path.map((each) => each.replace(/^:(\w+)$/, '{$1}')).join('/')}`, answer };
}

t.test('every request of the collection is answered, in its order, as the description says', async (t) => {
  const { key } = await addPartner();
  const variables = new Map(collection.variable.map((each) => [each.key, each.value]));
  t.equal(variables.get('apiKey'), '', 'no key is in the file');
  variables.set('baseUrl', url).set('apiKey', key);
  const seen = new Set<string>();
  for (const folder of collection.item) {
    for (const each of folder.item) {
      const { answer, method, template } = await send(each, variables);
      const where = `${folder.name}, ${each.name}: ${shown(answer)}`;
      const expected = otherwise[each.name];
      t.equal(answer.status, expected?.status ?? 200, where);
      if (expected?.code) t.equal(answer.json.code, expected.code, where);
      const described = contract.operations.find((operation) => operation.path === template && operation.method === method);
      t.ok(described, `${method} ${template} is described`);
      t.ok(described?.operation.responses[answer.status], `${answer.status} is described for ${method} ${template}`);
      seen.add(described?.operation.operationId);
    }
  }
  t.equal(seen.size, contract.operations.length, 'no operation is missing');
});

t.test('the collection says which format it has, and its addresses are the same in both of their forms', async (t) => {
  t.equal(collection.info.schema, 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json');
  for (const { request } of collection.item.flatMap(({ item }) => item)) {
    t.equal(request.url.raw.split('?')[0], `${request.url.host.join('.')}/${request.url.path.join('/')}`);
    for (const segment of request.url.path.filter((each) => each.startsWith(':')))
      t.ok(
        request.url.variable?.some(({ key, value }) => `:${key}` === segment && value !== ''),
        `${segment} has a value`,
      );
  }
});

function shown({ status, text }: Answer): string {
  return `${status} ${text.slice(0, 200)}`;
}
