import t from 'tap';
import { Ledger, type PartnerLedger, payloadOf, readPage, sha256 } from './ledger.ts';
import { describe, judge } from './oracle.ts';

const idOf = (number: number) => `evt_00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;

/** A run without a fault: three events each, answered, delivered once, acknowledged. */
function soundRun(): { ledger: Ledger; first: PartnerLedger; second: PartnerLedger } {
  const ledger = new Ledger(['first', 'second']);
  const [first, second] = ledger.partners as [PartnerLedger, PartnerLedger];
  let number = 0;
  for (const partner of ledger.partners) {
    const eventIds: string[] = [];
    for (let count = 0; count < 3; count++) {
      const key = `${partner.slug}-${count}`;
      const sentAt = ledger.tick();
      const eventId = idOf(++number);
      eventIds.push(eventId);
      partner.sent.set(key, {
        key,
        sha256: sha256(payloadOf(key, partner.marker)),
        keyed: true,
        sentAt,
        answeredAt: ledger.tick(),
        eventIds: new Set([eventId]),
      });
    }
    const pollSentAt = ledger.tick();
    for (const { key, sha256, eventIds } of partner.sent.values())
      partner.deliveries.push({ key, sha256, eventId: [...eventIds][0] as string, pollSentAt });
    partner.pages.push({ after: undefined, eventIds });
    for (const eventId of eventIds) partner.acknowledged.set(eventId, ledger.tick());
    partner.drained = true;
    ledger.answer(partner, 200, '{}');
  }
  return { ledger, first, second };
}

const broken = (ledger: Ledger, log = '', allowed: string[] = []) =>
  judge(ledger, allowed, log)
    .filter(({ violations }) => violations.length > 0)
    .map(({ id }) => id);

t.test('a sound run breaks no promise, and every promise was put to the test', async (t) => {
  const { ledger } = soundRun();
  t.same(broken(ledger), []);
  for (const verdict of judge(ledger, [], '')) t.ok(verdict.checked > 0, describe(verdict));
});

t.test('each planted fault breaks its own promise and no other', async (t) => {
  type Run = ReturnType<typeof soundRun>;
  const faults: [string, string, (run: Run) => void][] = [
    ['I1', 'an answered event is never delivered', ({ first }) => void first.deliveries.pop()],
    ['I1', 'the inbox was not drained', ({ first }) => void Object.assign(first, { drained: false })],
    [
      'I2',
      'an event that nobody sent',
      ({ first }) => void first.deliveries.push({ key: 'stray', sha256: '', eventId: idOf(90), pollSentAt: 0 }),
    ],
    ['I3', 'a retry got a second id', ({ first }) => void first.sent.get('first-2')?.eventIds.add(idOf(91))],
    ['I4', 'one byte changed', ({ first }) => void Object.assign(first.deliveries[0] as object, { sha256: sha256('other') })],
    ['I5', "another partner's marker in an answer", ({ ledger, first, second }) => ledger.answer(first, 200, `{"x":"${second.marker}"}`)],
    [
      'I6',
      'delivered after its acknowledgement',
      ({ ledger, first }) => void Object.assign(first.deliveries[0] as object, { pollSentAt: ledger.tick() }),
    ],
    ['I7', 'a page out of order', ({ first }) => void first.pages[0]?.eventIds.reverse()],
    [
      'I7',
      'the second page begins before the end of the first',
      ({ first }) => void first.pages.push({ after: idOf(2), eventIds: [idOf(1)] }),
    ],
    ['I10', 'an internal error', ({ ledger, first }) => ledger.answer(first, 500, '{"code":"internal"}')],
    ['I10', 'a code that is not documented', ({ ledger, first }) => ledger.answer(first, 503, '{"code":"oops"}')],
  ];
  for (const [id, what, plant] of faults) {
    const run = soundRun();
    plant(run);
    t.same(broken(run.ledger), [id], what);
  }
});

t.test('order is also broken when a later event got an earlier id, in another connection', async (t) => {
  const { ledger, first } = soundRun();
  const key = 'late';
  const event = { key, sha256: sha256('x'), keyed: true, sentAt: ledger.tick(), answeredAt: ledger.tick(), eventIds: new Set([idOf(0)]) };
  first.sent.set(key, event);
  first.deliveries.push({ key, sha256: event.sha256, eventId: idOf(0), pollSentAt: ledger.tick() });
  t.same(broken(ledger), ['I7']);
});

t.test('a marker in the log breaks I5; a 503 is right only where it is expected', async (t) => {
  const { ledger, first } = soundRun();
  t.same(broken(ledger, `{"msg":"${first.marker}"}`), ['I5']);
  ledger.answer(first, 503, '{"code":"unavailable"}');
  t.same(broken(ledger), ['I10']);
  t.same(broken(ledger, '', ['503 unavailable']), []);
});

t.test('payloads are found in a page as their bytes stand there', async (t) => {
  const payloads = ['k-1', 'k-2'].map((key) => payloadOf(key, 'marker'));
  const events = payloads.map((payload, index) => `{"event_id":"${idOf(index)}","event_type":"a","payload":${payload},"delivery":{}}`);
  t.same(
    readPage(`{"events":[${events.join(',')}],"count":2}`),
    payloads.map((payload, index) => ({ eventId: idOf(index), key: `k-${index + 1}`, sha256: sha256(payload) })),
  );
});
