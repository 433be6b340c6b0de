import type { Redis } from 'ioredis';

/**
 * Tells waiting polls that a partner has new events: in this process at once, on the other replicas by Redis pub/sub. A message may be lost (Redis away),
 * which is why waiters also look by themselves now and then.
 */
export type Wakeups = {
  /** Wakes those who wait for these partners, here and elsewhere. Never throws. */
  wake(partnerIds: Iterable<number>): void;
  /** Calls `listener` at each wake-up of the partner until the returned function is called. */
  listen(partnerId: number, listener: () => void): () => void;
};

export type WakeupsOptions = {
  redis?: { commands: Redis; subscriber: Redis; prefix: string };
};

/**
 * Milliseconds between messages at least: what is stored meanwhile goes with the next. A steady thousand events a second then costs Redis and each
 * replica a hundred messages, not a thousand; the first of a pause goes at once.
 */
const messageGapMs = 10;

export function createWakeups({ redis }: WakeupsOptions = {}): Wakeups {
  const listeners = new Map<number, Set<() => void>>();
  const pending = new Set<number>();
  let publishing = false;
  const channel = `${redis?.prefix}inbox`;

  function wakeHere(partnerId: number): void {
    for (const listener of [...(listeners.get(partnerId) ?? [])]) listener();
  }

  async function publish(commands: Redis): Promise<void> {
    publishing = true;
    while (pending.size > 0) {
      const message = [...pending].join(',');
      pending.clear();
      const gap = new Promise((resolve) => setTimeout(resolve, messageGapMs).unref());
      try {
        await commands.publish(channel, message);
      } catch {
        pending.clear();
      }
      await gap;
    }
    publishing = false;
  }

  if (redis) {
    redis.subscriber.on('ready', () => void redis.subscriber.subscribe(channel).catch(() => {}));
    redis.subscriber.on('message', (from: string, message: string) => {
      if (from === channel) for (const id of message.split(',')) wakeHere(Number(id));
    });
  }

  return {
    wake(partnerIds) {
      for (const partnerId of partnerIds) {
        wakeHere(partnerId);
        if (redis) pending.add(partnerId);
      }
      if (redis && !publishing && pending.size > 0) void publish(redis.commands);
    },
    listen(partnerId, listener) {
      const set = listeners.get(partnerId) ?? new Set();
      listeners.set(partnerId, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && listeners.get(partnerId) === set) listeners.delete(partnerId);
      };
    },
  };
}
