import type { Gauge } from 'prom-client';
import type { Clock } from './clock.ts';
import { type Metrics, recount } from './metrics.ts';

export type EventOutcome = 'accepted' | 'duplicate' | 'failed' | 'delivered' | 'acknowledged';

/** What becomes of events that are sent. */
const ingested = ['accepted', 'duplicate', 'failed'] as const;

/** The classes of answers that partners are judged by; 429 is told apart from the other 4xx, because it says something of the limit. */
export type RequestClass = '2xx' | '4xx' | '429' | '5xx';

/** Whose activity it is, as every request knows it. */
type Partner = { readonly partnerId: number; readonly slug: string };

type Figures = { events: Record<EventOutcome, number>; requests: Record<RequestClass, number>; lastEventMs: number };

/**
 * What each partner does: events by outcome, requests by class, and when it last sent an event. A request costs a look-up in a Map and an addition; the labels
 * are made when somebody scrapes, and the events of all partners are added up then.
 *
 * Invariant: at most `maxPartners` partners have figures of their own, the first that come; all others share the label `other`. So the number of series has a
 * bound whatever becomes of the number of partners.
 */
export class PartnerActivity {
  readonly #clock: Clock;
  readonly #maxPartners: number;
  readonly #known = new Map<number, Figures & { slug: string }>();
  readonly #others = noFigures();

  /** @param clock wall clock, for when an event was last sent. */
  constructor(clock: Clock, maxPartners = 200) {
    this.#clock = clock;
    this.#maxPartners = maxPartners;
  }

  /** A request of this partner was answered with this status. */
  answered(partner: Partner, status: number): void {
    this.#of(partner).requests[classOf(status)] += 1;
  }

  /** A duplicate is a sign of life, too: whoever repeats an event is not silent. */
  events(partner: Partner, outcome: EventOutcome, count: number): void {
    if (count === 0) return;
    const figures = this.#of(partner);
    figures.events[outcome] += count;
    if (outcome === 'accepted' || outcome === 'duplicate') figures.lastEventMs = this.#clock();
  }

  /** Writes the figures into the metrics at each scrape. */
  watch(metrics: Metrics): void {
    const { partnerEvents, partnerRequests, partnerLastEvent } = metrics;
    recount(partnerEvents, () => this.#rows('outcome', ({ events }) => events));
    recount(partnerRequests, () => this.#rows('class', ({ requests }) => requests));
    recount(metrics.eventsIngested, () => ingested.map((outcome) => [{ outcome }, this.#total(outcome)]));
    recount(metrics.eventsDelivered, () => [[{}, this.#total('delivered')]]);
    recount(metrics.eventsAcknowledged, () => [[{}, this.#total('acknowledged')]]);
    // Of `other` there is none: the last event of many says nothing about any of them.
    metrics.watch(partnerLastEvent as Gauge, () => {
      for (const { slug, lastEventMs } of this.#known.values())
        if (lastEventMs > 0) partnerLastEvent.set({ partner: slug }, lastEventMs / 1000);
    });
  }

  #of({ partnerId, slug }: Partner): Figures {
    const known = this.#known.get(partnerId);
    if (known !== undefined) return known;
    if (this.#known.size >= this.#maxPartners) return this.#others;
    const figures = { slug, ...noFigures() };
    this.#known.set(partnerId, figures);
    return figures;
  }

  *#rows<Name extends string>(
    name: Name,
    of: (figures: Figures) => Record<string, number>,
  ): Generator<[Record<'partner' | Name, string>, number]> {
    for (const [partner, figures] of this.#all())
      for (const [value, count] of Object.entries(of(figures)))
        if (count > 0) yield [{ partner, [name]: value } as Record<'partner' | Name, string>, count];
  }

  #total(outcome: EventOutcome): number {
    let total = 0;
    for (const [, { events }] of this.#all()) total += events[outcome];
    return total;
  }

  *#all(): Generator<[string, Figures]> {
    for (const figures of this.#known.values()) yield [figures.slug, figures];
    yield ['other', this.#others];
  }
}

function noFigures(): Figures {
  return {
    events: { accepted: 0, duplicate: 0, failed: 0, delivered: 0, acknowledged: 0 },
    requests: { '2xx': 0, '4xx': 0, '429': 0, '5xx': 0 },
    lastEventMs: 0,
  };
}

function classOf(status: number): RequestClass {
  if (status < 400) return '2xx';
  if (status === 429) return '429';
  return status < 500 ? '4xx' : '5xx';
}
