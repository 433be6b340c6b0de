/** RFC 3339 in UTC with milliseconds, the one form in which the API writes times. */

/** The texts of the seconds in use, up to the point: a page has those of its events' arrival and of their expiry. */
const prefixes = new Map<number, string>();

/**
 * Milliseconds since the epoch as `2026-11-24T10:30:00.123Z`. Times of one page or one burst share their seconds, so the texts of the latest are
 * kept: 0.1 µs instead of the 0.6 µs of Date.prototype.toISOString, twice for every event of every page.
 */
export function formatTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  let prefix = prefixes.get(second);
  if (prefix === undefined) {
    prefix = new Date(second * 1000).toISOString().slice(0, -4);
    if (prefixes.size >= 256) prefixes.clear();
    prefixes.set(second, prefix);
  }
  const rest = ms - second * 1000;
  return `${prefix}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`;
}

const shape = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * Milliseconds since the epoch of an RFC 3339 time, or undefined when it is not one: a date that does not exist, a leap second (which no later
 * consumer could read), the year 0000 or an offset above 23:59. Digits below the millisecond are cut off.
 */
export function parseTime(text: string): number | undefined {
  // The form in which most producers send it, on few different days: a tenth of the time that Date.parse takes.
  if (text.length === 24 && text[10] === 'T' && text[19] === '.' && text[23] === 'Z') return parseUsualForm(text);
  const match = shape.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, , offsetHour = '0', offsetMinute = '0'] = match as unknown as string[];
  // The calendar repeats every 400 years, and Date.UTC takes the years below 100 for those of the twentieth century.
  const daysInMonth = new Date(Date.UTC(Number(year) + 400, Number(month), 0)).getUTCDate();
  const inRange =
    Number(year) >= 1 &&
    between(month, 1, 12) &&
    between(day, 1, daysInMonth) &&
    between(hour, 0, 23) &&
    between(minute, 0, 59) &&
    between(second, 0, 59) &&
    between(offsetHour, 0, 23) &&
    between(offsetMinute, 0, 59);
  if (!inRange) return undefined;
  const ms = Date.parse(
    text
      .replace(/[ t]/, 'T')
      .replace('z', 'Z')
      .replace(/(\.\d{3})\d+/, '$1'),
  );
  return Number.isNaN(ms) || ms < earliest || ms > latest ? undefined : ms;
}

/** Of a text of 24 characters with `T`, `.` and `Z` in the places of `2026-11-24T10:30:00.123Z`. */
function parseUsualForm(text: string): number | undefined {
  const dayMs = dayStart(text.slice(0, 10));
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  const millisecond = digits(text, 20, 3);
  const inRange = hour <= 23 && minute <= 59 && second <= 59 && millisecond <= 999 && text[13] === ':' && text[16] === ':';
  return inRange && dayMs !== undefined ? dayMs + ((hour * 60 + minute) * 60 + second) * 1000 + millisecond : undefined;
}

const dayStarts = new Map<string, number | undefined>();

/** Milliseconds at which a day begins, `2026-11-24`, or undefined when there is no such day. The latest days asked for are kept. */
function dayStart(day: string): number | undefined {
  const known = dayStarts.get(day);
  if (known !== undefined || dayStarts.has(day)) return known;
  const ms = parseTime(`${day}T00:00:00Z`);
  if (dayStarts.size >= 256) dayStarts.clear();
  dayStarts.set(day, ms);
  return ms;
}

/** The number that `count` decimal digits at `at` make; infinite when one of them is none. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return Number.POSITIVE_INFINITY;
    value = value * 10 + digit;
  }
  return value;
}

// After the offset is applied the year must still have four digits.
const earliest = Date.parse('0001-01-01T00:00:00.000Z');
const latest = Date.parse('9999-12-31T23:59:59.999Z');

function between(digits: string | undefined, low: number, high: number): boolean {
  const value = Number(digits);
  return value >= low && value <= high;
}
