import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeRequest, HttpConnection, RequestError } from '../load/http-client.ts';
import { type Ledger, type PartnerLedger, payloadOf, type SentEvent, sha256 } from './ledger.ts';
import type { Provisioned } from './provision.ts';

/**
 * How a lane of a producer sends, one request after the other:
 * - `keyed`: one event a request with an idempotency key, again and again until it is answered; now and then an answered one once more.
 * - `plain`: one event a request, once: without an answer nobody knows what became of it.
 * - `batch`: as plain, `batchSize` at a time.
 */
export type LaneKind = 'keyed' | 'plain' | 'batch';

export type ProducerOptions = {
  ledger: Ledger;
  partner: PartnerLedger;
  provisioned: Provisioned;
  port: number;
  lanes: LaneKind[];
  /** Between two requests of a lane. */
  pauseMs: number;
  timeoutMs: number;
};

export type Producer = {
  /** Ends each lane after its request under way; a keyed one is repeated until it is answered. */
  stop(): Promise<void>;
  /** Ends without waiting for answers. */
  abandon(): void;
};

const batchSize = 80; // above the number of rows from which the service copies instead of inserting
const replayEvery = 20;

export function startProducer(options: ProducerOptions): Producer {
  let stopping = false;
  let abandoned = false;
  // Idempotency keys outlive this producer: the next one must not repeat them.
  const runId = randomBytes(4).toString('hex');
  const lanes = options.lanes.map((kind, index) => runLane(kind, `${options.partner.slug}-${runId}-${index}-${kind}`));
  return {
    async stop() {
      stopping = true;
      await Promise.all(lanes);
    },
    abandon() {
      stopping = true;
      abandoned = true;
    },
  };

  async function runLane(kind: LaneKind, name: string): Promise<void> {
    const http = new HttpConnection('127.0.0.1', options.port, options.timeoutMs);
    let answered: SentEvent | undefined;
    for (let count = 0; !stopping; count++) {
      if (kind === 'batch')
        await sendBatch(
          http,
          Array.from({ length: batchSize }, (_, item) => newEvent(`${name}-${count}-${item}`, false)),
        );
      else if (kind === 'plain') await send(http, newEvent(`${name}-${count}`, false));
      else {
        const event = count % replayEvery === replayEvery - 1 && answered ? answered : newEvent(`${name}-${count}`, true);
        while (!(await send(http, event)) && !abandoned) await delay(40);
        answered = event;
      }
      if (options.pauseMs > 0) await delay(options.pauseMs);
    }
    http.close();
  }

  function newEvent(key: string, keyed: boolean): SentEvent {
    const event = {
      key,
      sha256: sha256(payloadOf(key, options.partner.marker)),
      keyed,
      sentAt: options.ledger.tick(),
      eventIds: new Set<string>(),
    };
    options.partner.sent.set(key, event);
    return event;
  }

  async function send(http: HttpConnection, event: SentEvent): Promise<boolean> {
    const headers: Record<string, string> = event.keyed ? { 'idempotency-key': event.key } : {};
    const answer = await post(http, '/v1/events', bodyOf(event), headers);
    if (answer?.status !== 200) return false;
    wasAnswered(event, JSON.parse(answer.body).event_id);
    return true;
  }

  async function sendBatch(http: HttpConnection, events: SentEvent[]): Promise<void> {
    const answer = await post(http, '/v1/events/batch', `[${events.map(bodyOf).join(',')}]`, {});
    if (answer === undefined || answer.status >= 300) return;
    for (const { index, status, event_id } of JSON.parse(answer.body).results) {
      const event = events[index];
      if (event && status === 'accepted') wasAnswered(event, event_id);
    }
  }

  async function post(
    http: HttpConnection,
    path: string,
    body: string,
    headers: Record<string, string>,
  ): Promise<{ status: number; body: string } | undefined> {
    try {
      const answer = await http.request(encodeRequest('POST', path, { ...headers, 'x-api-key': options.provisioned.apiKey }, body));
      const text = answer.body.toString();
      options.ledger.answer(options.partner, answer.status, text);
      return { status: answer.status, body: text };
    } catch (error) {
      options.ledger.count(error instanceof RequestError ? error.kind : String(error));
      await delay(20); // whoever is away is asked again, but not in a busy loop
      return undefined;
    }
  }

  function bodyOf({ key }: SentEvent): string {
    return `{"event_type":"fault.test","payload":${payloadOf(key, options.partner.marker)}}`;
  }

  function wasAnswered(event: SentEvent, eventId: string): void {
    event.answeredAt ??= options.ledger.tick();
    event.eventIds.add(eventId);
  }
}
