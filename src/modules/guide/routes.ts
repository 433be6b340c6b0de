import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { ApiError } from '../../pipeline/errors/catalogue.ts';
import { type Site, watchSite } from './site.ts';

export type GuideOptions = {
  /** Where `npm run guide` has built it. */
  folder: string;
};

const config = { operation: 'getGuide', access: 'public', limit: false } as const;
const method = ['GET', 'HEAD'];

/** Of files whose names change with their content, in seconds: a year, which is what immutable means to all caches. */
const assetMaxAge = 31_536_000;

/**
 * The partners' guide at /guide, and what it says to language models at /llms.txt. Without a built guide the server runs all the same: it says so
 * once in its log, and answers 404 here, but for the errors, which are under /docs too. One that is built later is found.
 */
export async function guide(app: FastifyInstance, { folder }: GuideOptions): Promise<void> {
  const look = watchSite(folder);
  if (!(await look())) app.log.warn({ folder }, 'the guide is not built: /guide answers 404; npm run guide builds it');
  await app.register(fastifyStatic, { root: folder, serve: false, preCompressed: true, cacheControl: false, suppressWarning: true });

  app.route({ method, url: '/guide', config, handler: (_request, reply) => reply.redirect('/guide/', 308) });
  app.route({ method, url: '/guide/', config, handler: (_request, reply) => send(reply, '') });
  app.route<{ Params: { '*': string } }>({
    method,
    url: '/guide/*',
    config,
    handler: (request, reply) => send(reply, request.params['*']),
  });
  app.route({ method, url: '/llms.txt', config, handler: (_request, reply) => send(reply, 'llms.txt') });

  async function send(reply: FastifyReply, place: string): Promise<FastifyReply> {
    const site = await look();
    // `type` of a problem document leads to this page, and shall lead somewhere on every server. The anchor goes along.
    if (!site && place === 'errors') return reply.redirect('/docs/errors', 302);
    const { files, notFound, scripts } = built(site);
    const file = files.get(place);
    reply.headers({ ...guarded, 'content-security-policy': policy(scripts) });
    if (file !== undefined) return reply.header('cache-control', cacheFor(file)).sendFile(file);
    return reply.status(404).header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(notFound);
  }
}

/** @throws ApiError 404 */
function built(site: Site | undefined): Site {
  if (site) return site;
  throw new ApiError('route_not_found', {
    detail: 'The guide is not built on this server: `npm run guide` builds it.',
  });
}

/** The build names what lies in `assets` after its content; of everything else a cache must ask whether it is still the same. */
function cacheFor(file: string): string {
  return file.startsWith('assets/') ? `public, max-age=${assetMaxAge}, immutable` : 'no-cache';
}

const guarded = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

/**
 * Everything comes from here, and of the scripts in the pages themselves only those that were built into them run. Icons are pictures in the style sheet
 * (`data:`), and highlighted code has its colours as style attributes.
 */
function policy(scripts: readonly string[]): string {
  return [
    `default-src 'none'`,
    `script-src 'self' ${scripts.map((hash) => `'${hash}'`).join(' ')}`.trim(),
    `style-src 'self'`,
    `style-src-attr 'unsafe-inline'`,
    `img-src 'self' data:`,
    `connect-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');
}
