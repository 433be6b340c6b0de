import { setTimeout as delay } from 'node:timers/promises';
import { encodeRequest, HttpConnection, RequestError } from '../load/http-client.ts';
import { type Ledger, type PartnerLedger, readPage } from './ledger.ts';
import type { Provisioned } from './provision.ts';

export type ConsumerOptions = { ledger: Ledger; partner: PartnerLedger; provisioned: Provisioned; port: number; timeoutMs: number };

export type Consumer = {
  /** Takes everything that is left, until a poll finds the inbox empty; then ends. @throws Error when that takes longer than 30 s. */
  drain(): Promise<void>;
  /** Ends without taking what is left. */
  abandon(): void;
};

/**
 * Polls and acknowledges what it got, except for one event in ten, which it leaves for a later poll; beside it a reader walks the inbox by
 * cursor and acknowledges nothing.
 */
export function startConsumer(options: ConsumerOptions): Consumer {
  const { ledger, partner } = options;
  let draining = false;
  let abandoned = false;
  const work = Promise.all([consume(), walk()]);
  return {
    async drain() {
      draining = true;
      await work;
    },
    abandon() {
      draining = true;
      abandoned = true;
    },
  };

  async function consume(): Promise<void> {
    const http = new HttpConnection('127.0.0.1', options.port, options.timeoutMs);
    const last = () => performance.now() + 30_000;
    for (let round = 0, until = 0; ; round++) {
      if (abandoned) break;
      if (draining && until === 0) until = last();
      if (draining && performance.now() > until) throw new Error(`${partner.slug}: the inbox does not become empty`);
      const page = await poll(http, '/v1/inbox?limit=100', undefined);
      if (page === undefined) continue;
      if (page.eventIds.length === 0 && draining) break;
      const taken = draining ? page.eventIds : page.eventIds.filter((_, index) => (index + round) % 10 !== 0);
      if (taken.length > 0) await acknowledge(http, taken);
      else await delay(20);
    }
    partner.drained = !abandoned;
    http.close();
  }

  async function walk(): Promise<void> {
    const http = new HttpConnection('127.0.0.1', options.port, options.timeoutMs);
    let cursor: string | undefined;
    let after: string | undefined;
    while (!draining) {
      const page = await poll(http, `/v1/inbox?limit=20${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, after);
      cursor = page?.nextCursor;
      after = cursor === undefined ? undefined : page?.eventIds.at(-1);
      await delay(30);
    }
    http.close();
  }

  async function poll(
    http: HttpConnection,
    path: string,
    after: string | undefined,
  ): Promise<{ eventIds: string[]; nextCursor: string | undefined } | undefined> {
    const pollSentAt = ledger.tick();
    const body = await ask(http, 'GET', path);
    if (body === undefined) return undefined;
    const events = readPage(body);
    for (const event of events) partner.deliveries.push({ ...event, pollSentAt });
    const eventIds = events.map(({ eventId }) => eventId);
    const { count, next_cursor } = JSON.parse(body);
    if (count !== eventIds.length) partner.foreign.push(`a page says ${count} events and has ${eventIds.length}`);
    partner.pages.push({ after, eventIds });
    return { eventIds, nextCursor: next_cursor ?? undefined };
  }

  async function acknowledge(http: HttpConnection, eventIds: string[]): Promise<void> {
    const body = await ask(http, 'POST', '/v1/events/acknowledge', JSON.stringify({ event_ids: eventIds }));
    if (body === undefined) return; // nobody knows; they come again if it was not done
    const acknowledgedAt = ledger.tick();
    for (const { event_id, status } of JSON.parse(body).results) {
      if (status === 'acknowledged' && !partner.acknowledged.has(event_id)) partner.acknowledged.set(event_id, acknowledgedAt);
    }
  }

  /** The body of a 2xx; undefined after anything else, and a pause. */
  async function ask(http: HttpConnection, method: string, path: string, body?: string): Promise<string | undefined> {
    try {
      const answer = await http.request(encodeRequest(method, path, { 'x-api-key': options.provisioned.apiKey }, body));
      const text = answer.body.toString();
      ledger.answer(partner, answer.status, text);
      if (answer.status < 300) return text;
    } catch (error) {
      ledger.count(error instanceof RequestError ? error.kind : String(error));
    }
    await delay(20);
    return undefined;
  }
}
