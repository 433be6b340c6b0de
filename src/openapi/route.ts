import type { TSchema } from '@sinclair/typebox';
import type { FastifyContextConfig } from 'fastify';

/** A route as Fastify was told it. */
export type DocumentedRoute = {
  method: string;
  url: string;
  schema: { body?: TSchema; querystring?: TSchema; response?: Record<string, TSchema> };
  config: Pick<FastifyContextConfig, 'operation' | 'access' | 'limit'>;
};
