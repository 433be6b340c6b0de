import { InvalidArgumentError } from 'commander';
import { type KeyClass, keyClasses } from '../src/pipeline/auth/key-format.ts';
import { type Scope, scopes } from '../src/pipeline/auth/principal.ts';
import { parseTime } from '../src/platform/rfc3339.ts';

/** Readers of option values. Each gives the value or throws commander's InvalidArgumentError, which names the option. */

/** A whole number from `low` to `high`. */
export function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
  };
}

/** One line of text for people. */
export function line(text: string): string {
  if (text.trim() !== '' && text.length <= 200 && !/\p{Cc}/u.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 200 characters without control characters.');
}

export function keyClass(text: string): KeyClass {
  if ((keyClasses as readonly string[]).includes(text)) return text as KeyClass;
  throw new InvalidArgumentError(`It must be one of ${keyClasses.join(', ')}.`);
}

/** `events:write,inbox:read` */
export function scopeList(text: string): Scope[] {
  const named = [...new Set(text.split(','))];
  const strange = named.find((each) => !(scopes as readonly string[]).includes(each));
  if (strange === undefined) return named as Scope[];
  throw new InvalidArgumentError(`"${strange}" is not one of ${scopes.join(', ')}.`);
}

const hourMs = 3_600_000;
const mostDays = 36_500;

/** A moment in the future: an RFC 3339 time, or so many days or hours from now (`180d`, `12h`). */
export function moment(text: string): Date {
  const duration = /^(\d{1,6})([dh])$/.exec(text);
  const ms = duration ? Date.now() + Number(duration[1]) * (duration[2] === 'd' ? 24 : 1) * hourMs : parseTime(text);
  if (ms === undefined) throw new InvalidArgumentError('It must be an RFC 3339 time, or a number of days or hours such as 180d or 12h.');
  if (ms <= Date.now()) throw new InvalidArgumentError('It must be in the future.');
  if (ms > Date.now() + mostDays * 24 * hourMs) throw new InvalidArgumentError('It must be within a hundred years.');
  return new Date(ms);
}
