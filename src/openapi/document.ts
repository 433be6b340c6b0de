import { Components } from './components.ts';
import { introduction } from './introduction.ts';
import type { Json } from './json-schema.ts';
import { operationObject } from './operation.ts';
import { tags } from './operation-docs.ts';
import { operations, undocumentedOperations } from './operations.ts';
import type { DocumentedRoute } from './route.ts';

export type OpenApiDocument = Json & { openapi: string; paths: Record<string, Record<string, Json>>; components: Record<string, Json> };

export type DocumentOptions = { version: string; publicUrl: string };

/**
 * The OpenAPI 3.1 document of the routes. The same routes and options give the same text.
 * @throws Error when a route is not described, or a description has no route.
 */
export function openApiDocument(routes: DocumentedRoute[], { version, publicUrl }: DocumentOptions): OpenApiDocument {
  const components = new Components(publicUrl);
  const order = Object.keys(operations);
  const documented = routes.filter(({ config }) => !undocumentedOperations.has(config.operation));
  const missing = order.filter((name) => !documented.some(({ config }) => config.operation === name));
  if (missing.length > 0) throw new Error(`described in src/openapi/operations, and no route: ${missing.join(', ')}`);

  const paths: OpenApiDocument['paths'] = {};
  for (const route of documented.toSorted((a, b) => order.indexOf(a.config.operation) - order.indexOf(b.config.operation))) {
    const docs = operations[route.config.operation];
    if (!docs) throw new Error(`${route.method} ${route.url}: ${route.config.operation} is not described in src/openapi/operations`);
    const path = route.url.replace(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operationObject(route, docs, components);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Triggers API',
      version,
      summary: 'Push events in, read them from your inbox, acknowledge what you have handled.',
      description: introduction,
      contact: { name: 'Triggers API support', url: `${publicUrl}/guide/getting-started#support` },
      license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
    },
    servers: [{ url: publicUrl || '/', description: publicUrl ? 'The service.' : 'The server that this document came from.' }],
    externalDocs: { description: 'Every error code and what to do', url: `${publicUrl}/guide/errors` },
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    security: [{ ApiKeyAuth: [] }, { BearerAuth: [] }],
    paths,
    components: components.components() as Record<string, Json>,
  };
}
