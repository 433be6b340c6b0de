import t from 'tap';
import { kickoffsFrom, proposeKickoffs, spokenTime } from '../../../src/modules/onboarding/kickoff.ts';
import { backOffMs } from '../../../src/modules/onboarding/steps.ts';

const iso = (times: number[]) => times.map((ms) => new Date(ms).toISOString().slice(0, 16));

t.test('a call is on the second working day from now, at 15:00 UTC', (t) => {
  const days: [string, string][] = [
    ['2026-11-23T23:59:59Z', '2026-11-25T15:00'], // Monday
    ['2026-11-26T10:00:00Z', '2026-11-30T15:00'], // Thursday
    ['2026-11-27T10:00:00Z', '2026-12-01T15:00'], // Friday
    ['2026-11-28T10:00:00Z', '2026-12-01T15:00'], // Saturday
    ['2026-11-29T23:00:00Z', '2026-12-01T15:00'], // Sunday
    ['2026-12-31T00:00:00Z', '2027-01-04T15:00'], // Thursday
  ];
  for (const [now, expected] of days) t.same(iso(proposeKickoffs(Date.parse(now), 1)), [expected], now);
  t.end();
});

t.test('several calls are half an hour apart, over by 18:00, then on the next working day', (t) => {
  const thursday = Date.parse('2026-11-25T10:00:00Z');
  t.same(iso(proposeKickoffs(thursday, 8)), [
    '2026-11-27T15:00',
    '2026-11-27T15:30',
    '2026-11-27T16:00',
    '2026-11-27T16:30',
    '2026-11-27T17:00',
    '2026-11-27T17:30',
    '2026-11-30T15:00',
    '2026-11-30T15:30',
  ]);
  t.end();
});

t.test('a time at which another partner has its call is left out', (t) => {
  const now = Date.parse('2026-11-25T10:00:00Z');
  const taken = ['2026-11-27T15:00:00Z', '2026-11-27T16:00:00Z'].map(Date.parse);
  t.same(iso(proposeKickoffs(now, 3, taken)), ['2026-11-27T15:30', '2026-11-27T16:30', '2026-11-27T17:00']);
  t.end();
});

t.test('from a given time on, calls follow each other', (t) => {
  t.same(iso(kickoffsFrom(Date.parse('2026-12-01T09:15:00Z'), 2)), ['2026-12-01T09:15', '2026-12-01T09:45']);
  t.equal(spokenTime(Date.parse('2026-12-01T09:15:00Z')), 'Tuesday, 1 December 2026, 09:15 UTC');
  t.end();
});

t.test('pauses double from 5 s to 15 min, a quarter more or less', (t) => {
  const exact = [1, 2, 3, 4, 5, 6, 7, 8, 9, 20].map((attempts) => backOffMs(attempts, () => 0.5) / 1000);
  t.same(exact, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
  t.equal(
    backOffMs(1, () => 0),
    3_750,
  );
  t.equal(
    backOffMs(1, () => 1),
    6_250,
  );
  t.equal(
    backOffMs(20, () => 1),
    900_000,
  );
  t.end();
});
