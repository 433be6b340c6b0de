import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/platform/embedded.ts';
import { type Child, startChild } from '../faults/child.ts';
import { type PostgresProcess, startPostgres } from '../faults/postgres-process.ts';
import { type Provisioned, pepper, provisionDatabase, withClient } from '../faults/provision.ts';
import { accepts, hasRedis, type RedisProcess, startRedis } from '../faults/redis-process.ts';
import { type ServerProcess, startServer } from '../faults/server-process.ts';
import { until } from '../helper/until.ts';

/** A service with a database of its own and the partners in it. */
export type Service = { server: ServerProcess; url: string; partners: Provisioned[] };

/** The processes of one benchmark run, all on this machine and all its own. */
export type Environment = {
  postgres: PostgresProcess;
  redis: RedisProcess | undefined;
  /** Another service on the same Postgres; stopped by `stopService`, or at the end. */
  startService(database: string, slugs: string[], ratePerSecond?: number, serverEnv?: Record<string, string>): Promise<Service>;
  stopService(service: Service): Promise<void>;
  /** The service that several scenarios share, with one partner. */
  shared(): Promise<Service>;
  /** Started when first asked for. */
  ceiling(): Promise<Bystander>;
  naive(): Promise<Bystander>;
  close(): Promise<void>;
};

export type Bystander = { port: number; processId: number };

/** @param node the program that runs the servers. */
export async function openEnvironment(node: string): Promise<Environment> {
  const postgres = await startPostgres();
  const redis = hasRedis() ? await startRedis() : undefined;
  const services = new Set<Service>();
  const children: Child[] = [];

  async function startService(
    database: string,
    slugs: string[],
    ratePerSecond?: number,
    serverEnv?: Record<string, string>,
  ): Promise<Service> {
    const { url, partners } = await provisionDatabase(postgres.url(), database, slugs, ratePerSecond);
    const service = { server: await startServer({ databaseUrl: url, redisUrl: redis?.url, pepper, node, env: serverEnv }), url, partners };
    services.add(service);
    return service;
  }

  async function stopService(service: Service): Promise<void> {
    if (services.delete(service)) await service.server.stop();
  }

  async function startBystander(file: string, env: NodeJS.ProcessEnv): Promise<Bystander> {
    const port = await freePort();
    const program = fileURLToPath(new URL(file, import.meta.url));
    const child = await startChild({
      command: node,
      args: [program],
      env: { PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port), ...env },
    });
    children.push(child);
    await until(`${file} listens`, () => {
      if (child.ended()) throw new Error(`${file} ended: ${child.output().slice(-1_000)}`);
      return accepts(port);
    });
    return { port, processId: child.pid };
  }

  async function startNaive(): Promise<Bystander> {
    const { url } = await shared();
    const columns = 'partner_id integer, id uuid, event_type text NOT NULL, occurred_at text NOT NULL, payload text NOT NULL';
    await withClient(url, (client) => client.query(`CREATE TABLE naive_events (${columns}, PRIMARY KEY (partner_id, id))`));
    return startBystander('./naive-server.ts', { DATABASE_URL: url, ...(redis ? { REDIS_URL: redis.url } : {}) });
  }

  const shared = once(() => startService('bench', ['bench']));
  return {
    postgres,
    redis,
    startService,
    stopService,
    shared,
    ceiling: once(() => startBystander('./ceiling-server.ts', {})),
    naive: once(startNaive),
    async close() {
      for (const child of children) await child.stop('SIGKILL');
      for (const service of [...services]) await stopService(service);
      await redis?.stop();
      await postgres.remove();
    },
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
