import fc from 'fast-check';
import t from 'tap';
import { formatTime, parseTime } from '../../src/platform/rfc3339.ts';

const normalized = (text: string) => {
  const ms = parseTime(text);
  return ms === undefined ? undefined : formatTime(ms);
};

t.test('a time of any offset and precision becomes UTC with milliseconds', async (t) => {
  const pairs: [string, string][] = [
    ['2026-11-24T10:30:00Z', '2026-11-24T10:30:00.000Z'],
    ['2026-11-24T10:30:00.123Z', '2026-11-24T10:30:00.123Z'],
    ['2026-11-24T10:30:00.1Z', '2026-11-24T10:30:00.100Z'],
    ['2026-11-24T10:30:00.12Z', '2026-11-24T10:30:00.120Z'],
    ['2026-11-24T10:30:00.123456789Z', '2026-11-24T10:30:00.123Z'],
    ['2026-11-24T10:30:00.9999999999999Z', '2026-11-24T10:30:00.999Z'],
    ['2026-11-24T10:30:00+00:00', '2026-11-24T10:30:00.000Z'],
    ['2026-11-24T10:30:00-00:00', '2026-11-24T10:30:00.000Z'],
    ['2026-11-24T10:30:00.5+05:30', '2026-11-24T05:00:00.500Z'],
    ['2026-11-24T10:30:00+23:59', '2026-11-23T10:31:00.000Z'],
    ['2026-11-24T10:30:00-23:59', '2026-11-25T10:29:00.000Z'],
    ['2026-11-24t10:30:00z', '2026-11-24T10:30:00.000Z'],
    ['2026-11-24 10:30:00Z', '2026-11-24T10:30:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0050-01-31T00:00:00Z', '0050-01-31T00:00:00.000Z'],
    ['0096-02-29T00:00:00Z', '0096-02-29T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ];
  for (const [given, expected] of pairs) t.equal(normalized(given), expected, given);
});

t.test('what is not an RFC 3339 time, or no moment of the years 1 to 9999, is refused', async (t) => {
  const refused = [
    '',
    'now',
    '2026-11-24',
    '2026-11-24T10:30Z',
    '2026-11-24T10:30:00',
    '2026-11-24T10:30:00.Z',
    '2026-11-24T10:30:00,5Z',
    '2026-11-24T10:30:00+0000',
    '2026-11-24T10:30:00+24:00',
    '2026-11-24T10:30:00+23:60',
    '2026-11-24T10:30:00Z ',
    ' 2026-11-24T10:30:00Z',
    '2026-11-24T10:30:00Z\n',
    '2026-11-24T24:00:00Z',
    '2026-11-24T10:60:00Z',
    '2016-12-31T23:59:60Z',
    '2026-00-10T00:00:00Z',
    '2026-13-10T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-32T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '0000-12-31T23:59:59-00:01',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '10000-01-01T00:00:00Z',
    '+02026-01-01T00:00:00Z',
    '-0001-01-01T00:00:00Z',
    '２０２６-11-24T10:30:00Z',
  ];
  for (const text of refused) t.equal(parseTime(text), undefined, JSON.stringify(text));
});

t.test('every millisecond that can be written is read back, and is written as Date writes it', async (t) => {
  const range = { min: Date.parse('0001-01-01T00:00:00.000Z'), max: Date.parse('9999-12-31T23:59:59.999Z') };
  fc.assert(
    fc.property(fc.integer(range), (ms) => {
      const text = formatTime(ms);
      return text === new Date(ms).toISOString() && parseTime(text) === ms;
    }),
    { numRuns: 2_000 },
  );
  // Neighbours share the second whose text is kept.
  for (const ms of [-1, 0, 1, 999, 1000, 1009, 1010, 1099, 1100, -1000, -999]) t.equal(formatTime(ms), new Date(ms).toISOString());
});
