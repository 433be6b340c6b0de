import { once } from 'node:events';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import Fastify, { type FastifyServerOptions } from 'fastify';
import type { Test } from 'tap';
import { createPartner } from '../../../src/modules/partners/store.ts';
import { type AuthOptions, auth } from '../../../src/pipeline/auth/plugin.ts';
import { registerErrorHandler } from '../../../src/pipeline/errors/handler.ts';
import { declareRoutes } from '../../../src/pipeline/route-config.ts';
import { createPools } from '../../../src/platform/postgres.ts';
import { createTestDatabase } from '../../helper/database.ts';

export const pepper = 'a pepper of at least 32 characters';

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string; body: Record<string, unknown> };

/** A small server that has nothing but authentication, on a database with the partner `acme`; all clocks are set by hand. */
export async function startAuthApp(t: Test, overrides: Partial<AuthOptions> = {}, trustProxy: FastifyServerOptions['trustProxy'] = false) {
  const databaseUrl = await createTestDatabase(t);
  const pools = createPools({ databaseUrl, writeConnections: 1, readConnections: 4, onIdleError: () => {} });
  await createPartner(pools.db, { slug: 'acme' });
  const clock = { ms: Date.now() };
  const elapsed = { ms: 0 };
  const failures: string[] = [];
  const lines: string[] = [];
  const logger = { level: 'trace', stream: { write: (line: string) => void lines.push(line) } };
  const app = Fastify({ logger, genReqId: () => 'request-1', trustProxy });
  t.teardown(async () => {
    await app.close();
    await pools.close();
  });
  registerErrorHandler(app, { publicUrl: '' });
  declareRoutes(app, '/docs', { operation: 'docs', access: 'public', limit: false });
  await app.register(auth, {
    db: pools.db,
    databaseUrl,
    pepper,
    clock: () => clock.ms,
    elapsedMs: () => elapsed.ms,
    failuresPerMinute: 1_000,
    onFailure: (reason) => failures.push(reason),
    ...overrides,
  });
  app.get('/read', { config: { operation: 'read', access: 'inbox:read', limit: false } }, async ({ principal }) => ({
    slug: principal.slug,
  }));
  app.post('/write', { config: { operation: 'write', access: 'events:write', limit: false } }, async () => ({ written: true }));
  app.get('/public', { config: { operation: 'public', access: 'public', limit: false } }, async () => ({ public: true }));
  app.get('/docs', async () => ({ docs: true }));
  app.get('/health', { config: { operation: 'health', access: 'public', limit: false } }, async (request) => {
    const { slug } = await app.authenticate(request);
    return { slug };
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as { port: number };

  /** One request over a real socket; an array as a header's value sends the header repeatedly. */
  async function send(path: string, headers: OutgoingHttpHeaders = {}, method = path === '/write' ? 'POST' : 'GET'): Promise<Answer> {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false }).end();
    const [answer] = await once(outgoing, 'response');
    const text = (await answer.setEncoding('utf8').toArray()).join('');
    return { status: answer.statusCode, headers: answer.headers, text, body: text === '' ? {} : JSON.parse(text) };
  }
  return { app, databaseUrl, db: pools.db, clock, elapsed, failures, lines, send };
}
