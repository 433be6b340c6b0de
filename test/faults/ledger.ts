import { createHash } from 'node:crypto';

/**
 * What a fault test has seen, in the order in which it saw it. Every entry has a number from one counter: "answered before it was sent" is then a
 * comparison of two numbers, and the oracle needs no clock.
 */
export type SentEvent = {
  /** Names the event in its own payload, so that a delivery leads back to here. */
  key: string;
  sha256: string;
  /** Sent with `key` as its idempotency key, so it may be retried. */
  keyed: boolean;
  sentAt: number;
  /** Of the first 2xx; undefined while there was none. */
  answeredAt?: number;
  /** Every id that an answer gave for it: one is right. */
  eventIds: Set<string>;
};

export type Delivery = { eventId: string; key: string; sha256: string; pollSentAt: number };

export type PartnerLedger = {
  slug: string;
  /** Occurs in every payload of this partner and nowhere else. */
  marker: string;
  sent: Map<string, SentEvent>;
  deliveries: Delivery[];
  /** By event id: the number of the answer that acknowledged it. */
  acknowledged: Map<string, number>;
  /** Ids of each page in its order, with the last id of the page before it when a cursor led here. */
  pages: { after: string | undefined; eventIds: string[] }[];
  /** Answers in which another partner's marker was found, cut short. */
  foreign: string[];
  /** Whether a last poll found the inbox empty. */
  drained: boolean;
};

export class Ledger {
  readonly partners: PartnerLedger[];
  /** `200`, `503 unavailable`, `refused`, …: how often. */
  readonly answers = new Map<string, number>();
  #counter = 0;

  constructor(slugs: string[]) {
    this.partners = slugs.map((slug) => ({
      slug,
      marker: `marker-${slug}-${createHash('sha256').update(slug).digest('hex').slice(0, 12)}`,
      sent: new Map(),
      deliveries: [],
      acknowledged: new Map(),
      pages: [],
      foreign: [],
      drained: false,
    }));
  }

  tick(): number {
    this.#counter += 1;
    return this.#counter;
  }

  /** Counts an answer, and looks through it for what belongs to another partner. */
  answer(partner: PartnerLedger, status: number, body: string): void {
    const code = status >= 400 ? (/"code":"([a-z_]+)"/.exec(body)?.[1] ?? 'no code') : '';
    this.count(code === '' ? String(status) : `${status} ${code}`);
    for (const other of this.partners) {
      if (other !== partner && body.includes(other.marker)) partner.foreign.push(body.slice(0, 200));
    }
  }

  count(outcome: string): void {
    this.answers.set(outcome, (this.answers.get(outcome) ?? 0) + 1);
  }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The payload of an event: its name at both ends, its partner's marker, and what a JSON parser and printer between would change. */
export function payloadOf(key: string, marker: string): string {
  return `{"key":"${key}","marker":"${marker}", "odd": [1.0, 9007199254740993, 1e2, "\\u0000", "\\ud800", "\\/", "é"],"b":1,"a":{"b":1} ,"end":"${key}"}`;
}

/** The events of an inbox page, by the names in their payloads, as the bytes stand there. */
export function readPage(body: string): { eventId: string; key: string; sha256: string }[] {
  const events = body.matchAll(/"event_id":"(evt_[0-9a-f-]+)".*?"payload":(\{"key":"([^"]+)".*?"end":"\3"\})/gs);
  return [...events].map(([, eventId, payload, key]) => ({
    eventId: eventId as string,
    key: key as string,
    sha256: sha256(payload as string),
  }));
}
