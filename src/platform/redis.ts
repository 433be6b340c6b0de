import { Redis } from 'ioredis';

export type RedisLink = {
  commands: Redis;
  /** A second connection: a subscribed one takes no other commands. */
  subscriber: Redis;
  close(): void;
};

/**
 * Two connections whose every wait has an end: with the library's defaults a dead Redis makes each request hang until it comes back.
 * Errors are not events here: each caller sees its own, and both connections come back by themselves.
 */
export function connectRedis(url: string): RedisLink {
  const options = {
    lazyConnect: true,
    connectTimeout: 500,
    commandTimeout: 100,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    keepAlive: 5_000,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 1_000),
    reconnectOnError: (error: Error) => (error.message.startsWith('READONLY') ? 2 : false),
  } as const;
  const commands = new Redis(url, options);
  const subscriber = new Redis(url, { ...options, autoResubscribe: true });
  for (const connection of [commands, subscriber]) {
    connection.on('error', () => {});
    connection.connect().catch(() => {});
  }
  return {
    commands,
    subscriber,
    close() {
      commands.disconnect();
      subscriber.disconnect();
    },
  };
}
