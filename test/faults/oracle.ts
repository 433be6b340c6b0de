import { catalogue } from '../../src/pipeline/errors/catalogue.ts';
import type { Ledger, PartnerLedger } from './ledger.ts';

/** One promise, how often it was put to the test, and where it was broken. */
export type Verdict = { id: string; promise: string; checked: number; violations: string[] };

/** Network outcomes that a fault may cause; not answers of the service. */
export const withoutAnswer = ['refused', 'lost', 'timeout'];

/**
 * Judges a drained run. Every verdict says how many cases it rests on: with no violation in N cases, the true rate is below 3/N with 95 %
 * confidence.
 * @param allowedAnswers besides 200, 207 and what `withoutAnswer` names: `503 unavailable`, …
 * @param log everything the service wrote.
 */
export function judge(ledger: Ledger, allowedAnswers: string[], log: string): Verdict[] {
  const each = (id: string, promise: string, check: (partner: PartnerLedger, fail: (text: string) => void) => number): Verdict => {
    const violations: string[] = [];
    let checked = 0;
    for (const partner of ledger.partners) checked += check(partner, (text) => violations.push(`${partner.slug}: ${text}`));
    return { id, promise, checked, violations };
  };
  return [
    each('I1', 'no answered event is lost', answeredAreDelivered),
    each('I2', 'nothing is delivered that was not sent', deliveredWereSent),
    each('I3', 'ids are unique, and one key has one id', idsAreUnique),
    each('I4', 'payloads come back byte for byte', bytesAreKept),
    each('I5', "no answer has another partner's data, no log line anybody's", (partner, fail) => {
      for (const text of partner.foreign) fail(text);
      if (log.includes(partner.marker)) fail('its marker is in the log');
      return partner.pages.length;
    }),
    each('I6', 'what was acknowledged is not delivered again', acknowledgedStayAway),
    each('I7', 'order holds within and across pages', orderHolds),
    onlyDocumentedAnswers(ledger, allowedAnswers),
  ];
}

function answeredAreDelivered(partner: PartnerLedger, fail: (text: string) => void): number {
  if (!partner.drained) fail('the inbox was not drained');
  const delivered = new Set(partner.deliveries.map(({ key }) => key));
  const answered = [...partner.sent.values()].filter(({ answeredAt }) => answeredAt !== undefined);
  for (const { key } of answered) if (!delivered.has(key)) fail(`${key} was answered and never delivered`);
  return answered.length;
}

function deliveredWereSent(partner: PartnerLedger, fail: (text: string) => void): number {
  for (const { key, eventId } of partner.deliveries) if (!partner.sent.has(key)) fail(`${eventId} carries ${key}, which was not sent`);
  return partner.deliveries.length;
}

function idsAreUnique(partner: PartnerLedger, fail: (text: string) => void): number {
  const idsOf = new Map<string, Set<string>>();
  const keyOf = new Map<string, string>();
  const see = (key: string, eventId: string) => {
    idsOf.set(key, (idsOf.get(key) ?? new Set()).add(eventId));
    const known = keyOf.get(eventId) ?? key;
    keyOf.set(eventId, known);
    if (known !== key) fail(`${eventId} stands for ${known} and ${key}`);
  };
  for (const { key, eventIds } of partner.sent.values()) for (const eventId of eventIds) see(key, eventId);
  for (const { key, eventId } of partner.deliveries) see(key, eventId);
  for (const [key, eventIds] of idsOf) if (eventIds.size > 1) fail(`${key} has the ids ${[...eventIds].join(', ')}`);
  return idsOf.size;
}

function bytesAreKept(partner: PartnerLedger, fail: (text: string) => void): number {
  for (const { key, sha256, eventId } of partner.deliveries) {
    const sent = partner.sent.get(key);
    if (sent && sent.sha256 !== sha256) fail(`${eventId} came back with other bytes`);
  }
  return partner.deliveries.length;
}

function acknowledgedStayAway(partner: PartnerLedger, fail: (text: string) => void): number {
  for (const { eventId, pollSentAt } of partner.deliveries) {
    const acknowledgedAt = partner.acknowledged.get(eventId);
    if (acknowledgedAt !== undefined && acknowledgedAt < pollSentAt)
      fail(`${eventId} was delivered by a poll sent after its acknowledgement`);
  }
  return partner.acknowledged.size;
}

function orderHolds(partner: PartnerLedger, fail: (text: string) => void): number {
  for (const { after, eventIds } of partner.pages) {
    let last = after ?? '';
    for (const eventId of eventIds) {
      if (eventId <= last) fail(`${eventId} comes after ${last}`);
      last = eventId;
    }
  }
  // What was answered before another was sent comes before it, whatever happened between.
  const sent = [...partner.sent.values()].filter(({ answeredAt }) => answeredAt !== undefined).sort((a, b) => a.sentAt - b.sentAt);
  const answered = sent.toSorted((a, b) => (a.answeredAt as number) - (b.answeredAt as number));
  let newest = '';
  let next = 0;
  for (const event of sent) {
    for (let earlier = answered[next]; earlier && (earlier.answeredAt as number) < event.sentAt; earlier = answered[++next]) {
      for (const eventId of earlier.eventIds) if (eventId > newest) newest = eventId;
    }
    for (const eventId of event.eventIds) if (eventId <= newest) fail(`${eventId} was sent after ${newest} was answered`);
  }
  return partner.pages.length + sent.length;
}

function onlyDocumentedAnswers(ledger: Ledger, allowedAnswers: string[]): Verdict {
  const allowed = new Set(['200', '207', ...withoutAnswer, ...allowedAnswers]);
  const violations: string[] = [];
  let checked = 0;
  for (const [answer, count] of ledger.answers) {
    checked += count;
    const code = answer.split(' ')[1];
    if (!allowed.has(answer)) violations.push(`${count} × ${answer}`);
    else if (code !== undefined && !(code in catalogue)) violations.push(`${code} is not in the catalogue`);
  }
  return { id: 'I10', promise: 'only documented answers, and no 500', checked, violations };
}

/** A line for people: the promise, the number of cases, and the bound that they give. */
export function describe({ id, promise, checked, violations }: Verdict): string {
  const bound = checked === 0 ? 'nothing was checked' : `true rate below ${((3 / checked) * 100).toPrecision(2)} % (95 %)`;
  return violations.length === 0
    ? `${id} ${promise}: 0 of ${checked}, ${bound}`
    : `${id} ${promise}: BROKEN ${violations.length} times in ${checked}: ${violations.slice(0, 3).join('; ')}`;
}
