import t from 'tap';
import { buildApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { openApiDocument } from '../../src/openapi/document.ts';
import { SchemaComponents } from '../../src/openapi/json-schema.ts';
import { operations } from '../../src/openapi/operations.ts';
import type { DocumentedRoute } from '../../src/openapi/route.ts';
import { catalogue } from '../../src/pipeline/errors/catalogue.ts';
import { Contract, type Node, toPointer } from './contract.ts';

const environment = {
  LOG_LEVEL: 'silent',
  DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  KEY_PEPPER: 'a pepper that nothing here uses at all',
};
const app = await buildApp({ config: loadConfig(environment) });
t.teardown(() => app.close());
const document = app.openApi();
const contract = new Contract(document);

/** The pages and files of Swagger UI and of the guide. */
const isPage = (url: string) => /^\/(docs|guide|llms\.txt)(\/|\*|$)/.test(url) && url !== '/docs/errors';

t.test('every route of the application is described, and pages and files are not', async (t) => {
  const routes = routesOf(app.printRoutes({ commonPrefix: false }));
  t.ok(routes.length > 15, 'the routes were read');
  for (const { method, url } of routes) {
    const described = document.paths[url.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
    t.equal(described !== undefined, !isPage(url), `${method} ${url}`);
  }
});

t.test('everything described is a route of the application', async (t) => {
  for (const { method, path } of contract.operations) {
    t.ok(app.hasRoute({ method, url: path.replace(/\{(\w+)\}/g, ':$1') }), `${method} ${path}`);
  }
});

t.test('every example is valid for the schema beside it', async (t) => {
  let checked = 0;
  for (const [pointer, node] of walk(document)) {
    if (node.examples && node.schema && !Array.isArray(node.examples)) {
      for (const name of Object.keys(node.examples)) {
        const { value } = contract.resolve(`${pointer}/examples/${toPointer(name)}`).node;
        t.same(contract.problems(`${pointer}/schema`, value), [], `${pointer} ${name}`);
        checked += 1;
      }
    } else if (node.schema && node.example !== undefined) {
      t.same(contract.problems(`${pointer}/schema`, node.example), [], pointer);
      checked += 1;
    } else if (Array.isArray(node.examples) && node.type) {
      for (const value of node.examples) t.same(contract.problems(pointer, value), [], pointer);
      checked += 1;
    }
  }
  t.ok(checked > 100, `${checked} examples`);
});

t.test('every member of every schema, every parameter and every header has a description', async (t) => {
  for (const [pointer, node] of walk(document.components)) {
    if (!node.properties) continue;
    for (const name of Object.keys(node.properties)) {
      const { $ref, description } = node.properties[name];
      t.ok($ref || description, `${pointer}/properties/${name}`);
    }
  }
  for (const [pointer, node] of walk(document)) if (node.in && node.schema) t.ok(node.description, pointer);
  for (const [name, header] of Object.entries(document.components.headers as Node)) t.ok((header as Node).description, name);
});

t.test('the problem document’s codes are those of the catalogue', async (t) => {
  const { Problem } = document.components.schemas as Node;
  t.same(Problem.properties.code.enum, Object.keys(catalogue));
});

t.test('each operation has an id of its own', async (t) => {
  const ids = contract.operations.map(({ operation }) => operation.operationId);
  t.equal(new Set(ids).size, ids.length);
  t.ok(ids.includes('getHealth') && ids.includes('getHealthUnversioned'));
});

t.test('an operation names the scope that its key needs, and a public one needs no key', async (t) => {
  const security = (path: string, method: string) => document.paths[path]?.[method]?.security;
  t.same(security('/v1/events', 'post'), [{ ApiKeyAuth: ['events:write'] }, { BearerAuth: ['events:write'] }]);
  t.same(security('/v1/health', 'get'), [{}, { ApiKeyAuth: [] }, { BearerAuth: [] }]);
  t.same(security('/health/live', 'get'), []);
});

t.test('the same application is described by the same text, with the links of its public address', async (t) => {
  const again = await buildApp({ config: loadConfig(environment) });
  t.equal(JSON.stringify(again.openApi()), JSON.stringify(document));
  await again.close();
  const named = await buildApp({ config: loadConfig({ ...environment, PUBLIC_URL: 'https://api.example.org' }) });
  t.same(named.openApi().servers, [{ url: 'https://api.example.org', description: 'The service.' }]);
  t.match(JSON.stringify(named.openApi()), '"https://api.example.org/guide/errors#invalid_json"');
  await named.close();
});

t.test('a route that is not described fails the generation, and so does a description without its route', async (t) => {
  const route = (operation: string, more = {}): DocumentedRoute => ({
    method: 'GET',
    url: `/${operation}`,
    schema: {},
    config: { operation, access: 'public', limit: false },
    ...more,
  });
  const all = Object.keys(operations).map((operation) => route(operation));
  const options = { version: '1.0.0', publicUrl: '' };
  t.throws(() => openApiDocument([...all, route('getSecret')], options), /getSecret is not described/);
  t.throws(() => openApiDocument(all.slice(1), options), /no route: postEvent/);
  t.throws(() => openApiDocument(all, options), /postEvent: only one of the route and its description has a body/);
  const body = { type: 'object' };
  const undocumentedStatus = route('postEvent', { schema: { body, response: { 200: {}, 202: {} } } });
  t.throws(() => openApiDocument([undocumentedStatus, ...all.slice(1)], options), /schemas for 200,202, the description for 200/);
  const unknownParameter = route('postEvent', { url: '/v1/things/:thing', schema: { body, response: { 200: {} } } });
  t.throws(() => openApiDocument([unknownParameter, ...all.slice(1)], options), /the parameter thing of .* is not described/);
});

t.test('two different schemas of one name fail the generation', async (t) => {
  const components = new SchemaComponents();
  components.use({ $id: 'Thing', type: 'string' });
  t.throws(() => components.use({ $id: 'Thing', type: 'integer' }), /two schemas are called Thing/);
});

function* walk(node: Node, pointer = ''): Generator<[string, Node]> {
  if (typeof node !== 'object' || node === null) return;
  yield [pointer, node];
  for (const [name, value] of Object.entries(node)) {
    // What is inside an example is not the document's.
    if (name !== 'example' && name !== 'value') yield* walk(value, `${pointer}/${toPointer(name)}`);
  }
}

/** Method and URL of each route of Fastify's tree, whose lines hold four characters for each level. */
function routesOf(tree: string): { method: string; url: string }[] {
  const parents: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent, segment, methods] = /^([│ ]*)[├└]── (.+) \((.+)\)$/.exec(line) ?? [];
    if (indent === undefined || segment === undefined) return [];
    const depth = indent.length / 4;
    parents[depth] = (parents[depth - 1] ?? '') + segment;
    return (methods as string).split(', ').map((method) => ({ method, url: parents[depth] as string }));
  });
}
