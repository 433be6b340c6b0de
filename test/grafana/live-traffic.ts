import { setTimeout as delay } from 'node:timers/promises';
import { generateKey } from '../../src/pipeline/auth/key-format.ts';
import type { Provisioned } from '../faults/provision.ts';
import { encodeRequest, HttpConnection } from '../load/http-client.ts';

export type Answer = { status: number; json: Record<string, unknown> };
/** Sends one request as a partner does; `undefined` when there was no answer. */
export type Send = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer | undefined>;

export type Traffic = {
  /** Answers so far with this status; of one partner, or of all together. */
  answered(status: number, partner?: string): number;
  /** Ends each lane after its request under way. */
  stop(): Promise<void>;
};

/** Somebody with an address of its own and, as a rule, a key. The service must trust one proxy: this one. */
export function clientOf(port: number, address: string, apiKey: string | undefined, count: (status: number) => void = () => {}) {
  const http = new HttpConnection('127.0.0.1', port, 10_000);
  const send: Send = async (method, path, body, headers = {}) => {
    const all = { 'x-forwarded-for': address, ...(apiKey && { 'x-api-key': apiKey }), ...headers };
    const answer = await http
      .request(encodeRequest(method, path, all, body === undefined ? undefined : JSON.stringify(body)))
      .catch(() => undefined);
    if (!answer) return undefined;
    count(answer.status);
    return { status: answer.status, json: answer.body.length > 0 && answer.body[0] === 0x7b ? JSON.parse(answer.body.toString()) : {} };
  };
  return { send, close: () => http.close() };
}

/** Requests with keys that nobody has, from one address: what the service calls a burst from 30 a minute on. */
export async function guessKeys(port: number, times: number, address = '203.0.113.66'): Promise<void> {
  const { send, close } = clientOf(port, address, undefined);
  for (let guess = 0; guess < times; guess++) await send('GET', '/v1/account', undefined, { 'x-api-key': generateKey('test', 'acme') });
  close();
}

/**
 * What partners do all day, some 20 requests a turn: events, alone and in batches, new, repeated and wrong; pages of the inbox, with and without a wait; leases
 * that are acknowledged, released, extended and rejected; dead letters and replays.
 */
export function startTraffic(options: { port: number; partners: Provisioned[]; readerKey: string; pauseMs: number }): Traffic {
  const { port, partners, readerKey, pauseMs } = options;
  const answers: { status: number; from: string }[] = [];
  const countFor = (from: string) => (status: number) => void answers.push({ status, from });
  let stopping = false;
  const lanes = [
    ...partners.map(({ slug, apiKey }, index) =>
      lane(clientOf(port, `198.51.100.${index + 1}`, apiKey, countFor(slug)), partnerTurn(slug)),
    ),
    // Somebody always waits.
    lane(clientOf(port, '198.51.100.1', partners[0]?.apiKey), (send) => send('GET', '/v1/inbox?wait=1&event_type=never.sent')),
    lane(clientOf(port, '198.51.100.90', readerKey, countFor('reader')), async (send) => {
      await send('POST', '/v1/events', { event_type: 'order.created', payload: {} });
      await send('GET', '/v1/inbox?limit=5');
      await delay(200);
    }),
    lane(clientOf(port, '198.51.100.99', undefined, countFor('stranger')), async (send) => {
      await send('GET', '/v1/health');
      await send('GET', '/v1/account', undefined, { 'x-api-key': 'not-a-key' });
      await send('GET', '/nowhere');
      await delay(3_000); // not so often that it is a burst
    }),
  ];
  return {
    answered: (status, partner) => answers.filter((each) => each.status === status && (!partner || each.from === partner)).length,
    async stop() {
      stopping = true;
      await Promise.all(lanes);
    },
  };

  async function lane({ send, close }: { send: Send; close(): void }, turn: (send: Send) => Promise<unknown>): Promise<void> {
    const paced: Send = async (...request) => {
      if (stopping) return undefined;
      const answer = await send(...request);
      // Whoever is away is asked again, but not in a busy loop.
      await delay(answer ? pauseMs : 50);
      return answer;
    };
    while (!stopping) await turn(paced);
    close();
  }
}

const types = ['order.created', 'order.paid', 'customer.changed'];

function partnerTurn(slug: string): (send: Send) => Promise<void> {
  const run = Date.now().toString(36);
  let turns = 0;
  const event = (number: number) => ({ event_type: types[number % types.length], payload: { partner: slug, number } });
  return async (send) => {
    turns += 1;
    const key = { 'idempotency-key': `${slug}-${run}-${turns}` };
    const stored = await send('POST', '/v1/events', event(turns), key);
    await send('POST', '/v1/events', event(turns), key);
    for (let index = 0; index < 4; index++) await send('POST', '/v1/events', event(turns + index));
    // One of them is none: 207.
    await send('POST', '/v1/events/batch', { events: [...Array.from({ length: 12 }, (_, index) => event(index)), {}] });
    await send('POST', '/v1/events', { payload: 'without a type' });
    await send('GET', `/v1/events/${stored?.json.event_id ?? 'evt_none'}`);

    const page = await send('GET', '/v1/inbox?limit=6');
    const ids = idsOf(page);
    if (ids.length > 0) await send('POST', '/v1/events/acknowledge', { event_ids: ids });

    const leased = (await send('POST', '/v1/inbox/receive', { max_events: 9, lease_seconds: 30 }))?.json.events as Leased[] | undefined;
    const held = (leased ?? []).map(({ event_id, lease_token }) => ({ event_id, lease_token }));
    const [extended, released, rejected, ...handled] = held;
    if (extended && released && rejected) {
      const list = { extend: [{ ...extended, lease_seconds: 60 }], release: [{ ...released, delay_seconds: 0 }] };
      await send('POST', '/v1/inbox/settle', { ...list, reject: [{ ...rejected, reason: 'no such order' }], acknowledge: handled });
    }
    if (turns % 3 === 0) await housekeeping(send);
  };
}

async function housekeeping(send: Send): Promise<void> {
  await send('GET', '/v1/inbox/stats');
  const dead = idsOf(await send('GET', '/v1/dead-letters?limit=3'), 'dead_letters');
  if (dead[0]) await send('POST', `/v1/dead-letters/${dead[0]}/redrive`, {});
  if (dead[1]) await send('POST', `/v1/events/${dead[1]}/replay`, {});
  if (dead[2]) await send('DELETE', `/v1/dead-letters/${dead[2]}`);
}

type Leased = { event_id: string; lease_token: string };

function idsOf(answer: Answer | undefined, list = 'events'): string[] {
  return ((answer?.json[list] ?? []) as { event_id: string }[]).map(({ event_id }) => event_id);
}
