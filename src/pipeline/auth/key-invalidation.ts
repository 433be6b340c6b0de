import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Clock } from '../../platform/clock.ts';
import { appRole } from '../../platform/postgres.ts';
import type { KeyCache } from './key-cache.ts';

/**
 * Hears of changed partners and keys, by a Postgres session of its own that LISTENs on `auth_changed` (triggers of the tables notify it).
 *
 * Invariants:
 * - The cache trusts itself for `leaseMs` from the moment at which a heartbeat was sent that has been answered: an answer proves that what was
 *   notified before it has arrived. A lost or half-open connection, a paused process and a blocked event loop all let the lease run out.
 * - After LISTEN has begun, and before the first lease, all that was remembered is looked up again: its change may have been missed.
 * - It comes back by itself, with back-off, until `stop`.
 * `databaseUrl` must lead to Postgres itself: behind a pooler that shares sessions between transactions no notification would arrive.
 */
export type KeyInvalidationOptions = {
  databaseUrl: string;
  cache: Pick<KeyCache, 'invalidatePartner' | 'invalidateAll' | 'trustUntil'>;
  /** The clock of the cache. */
  elapsedMs: Clock;
  /** Told when listening begins and ends, with the reason. */
  onChange?(listening: boolean, error?: Error): void;
};

export const heartbeatMs = 300;
/** Leaves 500 ms for an answer. Half-open connections are given up after as long. */
export const leaseMs = 800;

const connectTimeoutMs = 1_000;
const backOff = { firstMs: 50, mostMs: 1_000 };

export class KeyInvalidation {
  readonly #options: KeyInvalidationOptions;
  readonly #stopping = new AbortController();
  #listening = Promise.withResolvers<void>();
  #isListening = false;
  #running: Promise<void> | undefined;
  #failures = 0;

  constructor(options: KeyInvalidationOptions) {
    this.#options = options;
  }

  /** Begins to listen, and returns at once. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when changes arrive: at once if they do already. */
  whenListening(): Promise<void> {
    return this.#listening.promise;
  }

  /** Ends the session, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const error = await this.#session();
      this.#options.cache.trustUntil(Number.NEGATIVE_INFINITY);
      if (this.#isListening) this.#listening = Promise.withResolvers();
      this.#isListening = false;
      if (signal.aborted) break;
      this.#options.onChange?.(false, error);
      const pauseMs = Math.min(backOff.firstMs * 2 ** this.#failures, backOff.mostMs);
      this.#failures += 1;
      await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    }
  }

  /** One connection, from connecting to its end. Gives the reason for which it ended. */
  async #session(): Promise<Error> {
    const { databaseUrl, elapsedMs, cache } = this.#options;
    const socket = new Socket();
    const client = new pg.Client({
      connectionString: databaseUrl,
      stream: () => socket,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: leaseMs,
      application_name: 'triggers-api:auth',
      options: appRole,
    });
    const lost = new AbortController();
    const pause = AbortSignal.any([lost.signal, this.#stopping.signal]);
    client.on('error', (error) => lost.abort(error));
    client.on('end', () => lost.abort());
    client.on('notification', ({ payload }) => this.#changed(payload));
    try {
      await client.connect();
      await client.query('LISTEN auth_changed');
      cache.invalidateAll();
      for (let beats = 0; !this.#stopping.signal.aborted; beats += 1) {
        const sentAt = elapsedMs();
        await client.query('SELECT 1');
        cache.trustUntil(sentAt + leaseMs);
        if (beats === 0) this.#begin();
        await delay(heartbeatMs, undefined, { signal: pause });
      }
      return new Error('stopped');
    } catch (error) {
      return lost.signal.aborted && lost.signal.reason instanceof Error ? lost.signal.reason : (error as Error);
    } finally {
      await closeSession(client, socket);
    }
  }

  #begin(): void {
    this.#failures = 0;
    this.#isListening = true;
    this.#listening.resolve();
    this.#options.onChange?.(true);
  }

  #changed(payload: string | undefined): void {
    const partnerId = Number(payload);
    if (Number.isSafeInteger(partnerId) && partnerId > 0) this.#options.cache.invalidatePartner(partnerId);
    else this.#options.cache.invalidateAll();
  }
}

/** Says goodbye if the connection still answers; a half-open one would wait for ever. */
async function closeSession(client: pg.Client, socket: Socket): Promise<void> {
  const patience = new AbortController();
  await Promise.race([client.end().catch(() => {}), delay(500, undefined, { signal: patience.signal }).catch(() => {})]);
  patience.abort();
  socket.destroy();
}
