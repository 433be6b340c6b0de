import type { FastifyContextConfig, FastifyInstance, RouteOptions } from 'fastify';
import type { Scope } from './auth/principal.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Name of the route in logs, spans and metrics, where the URL never is. */
    operation: string;
    /** The scope that a key needs; `public` for a route that needs no key. */
    access: 'public' | Scope;
    /** Whether a request takes a token of the partner's burst limit. */
    limit: boolean;
  }
}

type Declared = Pick<FastifyContextConfig, 'operation' | 'access' | 'limit'>;

/**
 * Makes the app refuse to boot on a route that does not say who may call it. HEAD routes that Fastify adds to GET routes inherit what
 * those say. Register it before the routes.
 * @throws Error from the registration of the route.
 */
export function requireRouteConfig(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url, config }) => {
    const { operation, access, limit } = (config ?? {}) as Partial<Declared>;
    if (operation && access && typeof limit === 'boolean') return;
    throw new Error(`${[method].flat().join(',')} ${url} does not say config: { operation, access, limit }; 'public' must be said aloud`);
  });
}

/** Says it for the routes of a third party's plugin, which cannot: those at `prefix` and below. Call it before `requireRouteConfig`. */
export function declareRoutes(app: FastifyInstance, prefix: string, declared: Declared): void {
  app.addHook('onRoute', (route: RouteOptions) => {
    if (route.url === prefix || route.url.startsWith(`${prefix}/`)) route.config = { ...declared, ...route.config };
  });
}
