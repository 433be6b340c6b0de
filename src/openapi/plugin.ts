import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

export type OpenApiOptions = { version: string; publicUrl: string };

/** The API's description, generated from the routes, and its pages at `/docs`. */
export async function registerOpenApi(app: FastifyInstance, { version, publicUrl }: OpenApiOptions): Promise<void> {
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Triggers API', version }, servers: publicUrl ? [{ url: publicUrl }] : [] },
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
}
