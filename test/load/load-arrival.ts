import { performance } from 'node:perf_hooks';
import type { LoadConnection, Tally } from './load-generator.ts';
import type { LoadSpec } from './load-spec.ts';
import type { RequestFactory } from './requests.ts';

/**
 * Node's timers fire on whole milliseconds and a loop without a timer would take a core from the server. So a request that leaves at most this
 * much after it was due, because only the timer was late, is measured from when it left.
 */
const timerGranularityMs = 2;

type Lane = { idle: LoadConnection[]; firstDueAt: number; dueCount: number; startedCount: number };

/**
 * Request number n is due at n / rate. Its latency counts from then, also when all connections were busy or this process was, so that a server
 * that stalls is charged for everything that would have arrived meanwhile. Each key has its own schedule and its own connections.
 * Ends when everything that was due has been answered, at the latest one request's limit after `forMs`.
 */
export function constantArrival(
  spec: LoadSpec,
  connections: LoadConnection[],
  factory: RequestFactory,
  forMs: number,
  tally: Tally,
): Promise<void> {
  if (spec.pace.kind !== 'arrival') throw new Error('a rate is needed');
  const keys = spec.apiKeys.length > 0 ? spec.apiKeys : [undefined];
  const intervalMs = (1_000 * keys.length) / spec.pace.perSecond;
  const total = Math.floor(forMs / intervalMs);
  const start = performance.now();
  const lanes: Lane[] = keys.map((apiKey, index) => ({
    idle: connections.filter((connection) => connection.apiKey === apiKey),
    firstDueAt: start + (index * intervalMs) / keys.length,
    dueCount: 0,
    startedCount: 0,
  }));
  let underWay = 0;

  function send(lane: Lane, connection: LoadConnection, mayForgive: boolean): void {
    const now = performance.now();
    const dueAt = lane.firstDueAt + lane.startedCount * intervalMs;
    const countsFrom = mayForgive && now - dueAt <= timerGranularityMs ? now : dueAt;
    lane.startedCount += 1;
    const bytes = factory.next(connection.apiKey);
    if (!bytes) return;
    underWay += 1;
    void connection.http
      .request(bytes)
      .then(
        (answer) => tally.answered(answer, performance.now() - countsFrom, factory.events),
        (error) => tally.failed(error),
      )
      .then(() => {
        underWay -= 1;
        if (lane.startedCount < lane.dueCount) send(lane, connection, false);
        else lane.idle.push(connection);
      });
  }

  return new Promise((resolve) => {
    const tick = () => {
      const now = performance.now();
      for (const lane of lanes) {
        lane.dueCount = Math.min(total, Math.floor((now - lane.firstDueAt) / intervalMs) + 1);
        while (lane.startedCount < lane.dueCount) {
          // The one that has rested longest, so that every socket is used.
          const connection = lane.idle.shift();
          if (!connection) break;
          send(lane, connection, true);
        }
      }
      const finished = underWay === 0 && lanes.every((lane) => lane.startedCount >= total);
      if (finished || now > start + forMs + spec.timeoutMs) resolve();
      else setTimeout(tick, 1);
    };
    tick();
  });
}
