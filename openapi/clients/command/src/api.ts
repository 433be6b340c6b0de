import {
  type InboxEvent,
  type ListOptions,
  type OutgoingEvent,
  type PeekOptions,
  type RawJson,
  type ReplayCommand,
  type SendOptions,
  Triggers,
} from '@triggers-api/client';
import { version } from './version.ts';

export type Event = InboxEvent;
export type Api = ReturnType<typeof connect>;

export type ConnectOptions = {
  /** Default: a few, which takes some two seconds. Infinity: as many as `patience` allows. */
  maxAttempts?: number;
};

/** Milliseconds for one attempt, for a call with all its attempts, and between two of them at most. */
const patience = { timeoutMs: 15_000, deadlineMs: 30_000, backoff: { capMs: 5_000 } };

/** The calls that the commands make, with the client's own retries. All of them end with the signal. */
export function connect({ url, key }: { url: string; key: string }, signal: AbortSignal, { maxAttempts = 4 }: ConnectOptions = {}) {
  const client = new Triggers({ apiKey: key, baseUrl: url, userAgent: `triggers-cli/${version}`, maxAttempts, ...patience });
  const call = { signal };
  return {
    health: () => client.health(call),
    account: () => client.account(call),
    usage: () => client.usage(call),
    inboxStats: () => client.inboxStats(call),
    send: (eventType: string, payload: RawJson, options: SendOptions) => client.send(eventType, payload, { ...options, ...call }),
    sendBatch: (events: OutgoingEvent[]) => client.sendBatch(events, call),
    peek: (options: PeekOptions) => client.peek({ ...options, ...call }),
    listEvents: (options: ListOptions) => client.listEvents({ ...options, ...call }),
    getEvent: (id: string) => client.getEvent(id, call),
    acknowledge: (ids: readonly string[]) => client.acknowledge(ids, call),
    replay: (id: string) => client.replay(id, call),
    replayMany: (command: ReplayCommand) => client.replay(command, call),
    job: (id: string) => client.job(id, call),
  };
}
