import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { declareRoutes } from '../pipeline/route-config.ts';
import { type OpenApiDocument, openApiDocument } from './document.ts';
import { errorsPage, errorsPagePolicy } from './errors-page.ts';
import type { DocumentedRoute } from './route.ts';

export type OpenApiOptions = { version: string; publicUrl: string };

declare module 'fastify' {
  interface FastifyInstance {
    /** The description of all routes, made at the first call. Needs neither `ready` nor a database. */
    openApi(): OpenApiDocument;
  }
}

const maxAge = 'public, max-age=300';

/** Swagger UI brings its own files and asks nobody else; "try it out" may ask this server, also at its public name. React needs the inline styles. */
const pagesPolicy = (origin: string | undefined) =>
  [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self' 'unsafe-inline'`,
    `img-src 'self' data:`,
    `font-src 'self'`,
    `connect-src 'self' ${origin ?? ''}`.trim(),
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');

/**
 * The API's description, generated from the routes: `/openapi.json`, its pages at `/docs`, and the errors at `/docs/errors`. Register it before
 * the routes.
 *
 * @fastify/swagger only carries the document to Swagger UI. It would write a schema with `const` as `enum`, copy schemas with an `$id` into every
 * operation, and take the problem documents and headers of each status from the routes' schemas, where Fastify would compile them into
 * validators and serializers that nothing needs at run time.
 */
export async function registerOpenApi(app: FastifyInstance, { version, publicUrl }: OpenApiOptions): Promise<void> {
  const routes: DocumentedRoute[] = [];
  let document: OpenApiDocument | undefined;
  declareRoutes(app, '/docs', { operation: 'getDocs', access: 'public', limit: false });
  app.addHook('onRoute', (route) => {
    const { url, schema = {}, config } = route as DocumentedRoute & typeof route;
    for (const method of [route.method].flat()) routes.push({ method, url, schema, config });
  });
  app.decorate('openApi', () => (document ??= openApiDocument(routes, { version, publicUrl })));

  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Triggers API', version } },
    transform: ({ schema, url }) => ({ schema: { ...schema, hide: true }, url }),
    transformObject: () => app.openApi(),
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: pagesPolicy(URL.parse(publicUrl)?.origin),
    theme: { title: 'Triggers API' },
    uiConfig: { docExpansion: 'list', defaultModelsExpandDepth: 0, displayRequestDuration: true },
  });

  let text: string | undefined;
  app.get('/openapi.json', { config: { operation: 'getOpenApi', access: 'public', limit: false } }, (_request, reply) => {
    text ??= JSON.stringify(app.openApi());
    return guarded(reply, `default-src 'none'; frame-ancestors 'none'`).type('application/json').send(text);
  });
  const page = errorsPage();
  app.get('/docs/errors', { config: { operation: 'getErrorDocs', access: 'public', limit: false } }, (_request, reply) =>
    guarded(reply, errorsPagePolicy).type('text/html; charset=utf-8').send(page),
  );
}

function guarded(reply: FastifyReply, policy: string): FastifyReply {
  return reply.headers({
    'cache-control': maxAge,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
}
