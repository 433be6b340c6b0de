import { Redis } from 'ioredis';

export type RedisLink = {
  commands: Redis;
  /** A second connection: a subscribed one takes no other commands. */
  subscriber: Redis;
  close(): void;
};

/** Milliseconds in which Redis must answer a command. */
const answerMs = 100;

/** Redis has said nothing for so long that the command was given up; it may be carried out all the same. */
export class RedisTimeout extends Error {
  constructor() {
    super(`Redis has not answered within ${answerMs} ms`);
  }
}

/**
 * Gives up a command that Redis does not answer in time. The library's own `commandTimeout` takes a stall of this process, such as a busy core, for a
 * silence of Redis: its timer comes before what the network has brought meanwhile. What is set by setImmediate comes after that.
 */
class PunctualRedis extends Redis {
  override sendCommand(...args: Parameters<Redis['sendCommand']>): unknown {
    const [command] = args;
    const giveUp = () => command.isSettled || command.reject(new RedisTimeout());
    const timer = setTimeout(() => setImmediate(giveUp), answerMs);
    const done = () => clearTimeout(timer);
    command.promise.then(done, done);
    return super.sendCommand(...args);
  }
}

/**
 * Two connections whose every wait has an end: with the library's defaults a dead Redis makes each request hang until it comes back.
 * Errors are not events here: each caller sees its own, and both connections come back by themselves.
 */
export function connectRedis(url: string): RedisLink {
  const options = {
    lazyConnect: true,
    connectTimeout: 500,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    keepAlive: 5_000,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 1_000),
    reconnectOnError: (error: Error) => (error.message.startsWith('READONLY') ? 2 : false),
  } as const;
  const commands = new PunctualRedis(url, options);
  const subscriber = new PunctualRedis(url, { ...options, autoResubscribe: true });
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
