import { formatTime } from '../../platform/rfc3339.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

export const callMs = 30 * minuteMs;

/** Hours of the day, UTC, between which calls are proposed: the working day of Europe and of America. */
const firstHour = 15;
const lastHour = 18;

/**
 * Times for `count` calls: from the second working day (Monday to Friday) after `nowMs` on, from 15:00 UTC, half an hour apart and over by 18:00.
 * Those that are `taken` are left out. Public holidays are not known.
 */
export function proposeKickoffs(nowMs: number, count: number, taken: readonly number[] = []): number[] {
  const occupied = new Set(taken);
  const proposed: number[] = [];
  let day = nextWorkingDay(nextWorkingDay(nowMs));
  while (proposed.length < count) {
    for (let at = day + firstHour * 60 * minuteMs; at + callMs <= day + lastHour * 60 * minuteMs && proposed.length < count; at += callMs) {
      if (!occupied.has(at)) proposed.push(at);
    }
    day = nextWorkingDay(day);
  }
  return proposed;
}

/** `count` calls one after the other, the first at `startMs`. */
export function kickoffsFrom(startMs: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => startMs + index * callMs);
}

/** Start of the first working day after the day of `ms`. */
function nextWorkingDay(ms: number): number {
  let day = Math.floor(ms / dayMs) * dayMs + dayMs;
  while ([0, 6].includes(new Date(day).getUTCDay())) day += dayMs;
  return day;
}

/** `Thursday, 26 November 2026, 15:00 UTC`: for people. */
export function spokenTime(ms: number): string {
  const part = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' }).format(ms);
  return `${part({ weekday: 'long' })}, ${spokenDay(ms)}, ${formatTime(ms).slice(11, 16)} UTC`;
}

/** `26 November 2026` */
export function spokenDay(ms: number): string {
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }).format(ms);
}
