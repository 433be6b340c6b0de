import { type Consumer, startConsumer } from './consumer.ts';
import { Ledger } from './ledger.ts';
import { judge, type Verdict } from './oracle.ts';
import { type PostgresProcess, startPostgres } from './postgres-process.ts';
import { type LaneKind, type Producer, startProducer } from './producer.ts';
import { type Provisioned, pepper, provisionDatabase } from './provision.ts';
import { hasRedis, type RedisProcess, startRedis } from './redis-process.ts';
import { type ServerProcess, startServer } from './server-process.ts';

/**
 * Everything that a fault test may break, as processes of its own: Postgres with fsync, Redis where this machine has it, the service. kill -9
 * proves that a process may die at any moment; it does not prove what a loss of power does, because the operating system lives on.
 */
export type Rig = {
  postgres: PostgresProcess;
  redis: RedisProcess | undefined;
  server: ServerProcess;
  databaseUrl: string;
  partners: Provisioned[];
  remove(): Promise<void>;
};

/** The last partner gets no traffic from `startTraffic`. */
export const slugs = ['first', 'second', 'quiet'];

export async function startRig(env: Record<string, string> = {}): Promise<Rig> {
  const undo: (() => Promise<unknown>)[] = [];
  const remove = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const postgres = await startPostgres();
    undo.push(() => postgres.remove());
    const redis = hasRedis() ? await startRedis() : undefined;
    if (redis) undo.push(() => redis.stop());
    const { url, partners } = await provisionDatabase(postgres.url(), 'faults', slugs);
    const server = await startServer({ databaseUrl: url, redisUrl: redis?.url, pepper, env });
    undo.push(() => server.stop());
    return { postgres, redis, server, databaseUrl: url, partners, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

export type Traffic = {
  ledger: Ledger;
  /** Events that have been answered so far. */
  answered(): number;
  /** Stops sending, takes everything out of the inboxes, and judges. */
  finish(allowedAnswers: string[]): Promise<Verdict[]>;
  /** Ends at once and judges nothing: for a test that has failed. Does nothing after `finish`. */
  abandon(): void;
};

/** Producers and consumers of two partners. Slow enough to leave a small machine room for the restarts. */
export function startTraffic(rig: Rig, options: { lanes?: LaneKind[]; pauseMs?: number; timeoutMs?: number } = {}): Traffic {
  const { lanes = ['keyed', 'keyed', 'plain', 'batch'], pauseMs = 8, timeoutMs = 10_000 } = options;
  const ledger = new Ledger(slugs.slice(0, -1));
  const producers: Producer[] = [];
  const consumers: Consumer[] = [];
  ledger.partners.forEach((partner, index) => {
    const common = { ledger, partner, provisioned: rig.partners[index] as Provisioned, port: rig.server.port, timeoutMs };
    producers.push(startProducer({ ...common, lanes, pauseMs }));
    consumers.push(startConsumer(common));
  });
  return {
    ledger,
    answered: () =>
      ledger.partners.reduce((sum, { sent }) => sum + [...sent.values()].filter(({ answeredAt }) => answeredAt !== undefined).length, 0),
    abandon() {
      for (const one of [...producers, ...consumers]) one.abandon();
    },
    async finish(allowedAnswers) {
      await Promise.all(producers.map((producer) => producer.stop()));
      await Promise.all(consumers.map((consumer) => consumer.drain()));
      return judge(ledger, allowedAnswers, rig.server.log());
    },
  };
}
