import { InvalidArgumentError, Option } from 'commander';
import { type KeyClass, keyClasses } from '../../src/pipeline/auth/key-format.ts';
import { parseNetwork } from '../../src/pipeline/auth/networks.ts';
import { type Scope, scopes } from '../../src/pipeline/auth/principal.ts';
import { parseTime } from '../../src/platform/rfc3339.ts';

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

/** The public id of a partner. */
export function partnerId(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError('It must be like beta_000001: up to 40 lower-case letters, digits, "_" and "-".');
}

/**
 * One bare address: mail goes there. Whether somebody reads it only a mail can tell, so this catches slips and no more. In ASCII, which every mail server
 * takes (RFC 5321); a domain of other letters has such a form.
 */
export function email(text: string): string {
  if (text.length <= 254 && /^[!#-'*+\-./0-9=?A-Z^-~]{1,64}@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]{2,}$/.test(text)) return text;
  throw new InvalidArgumentError(
    'It must be one mail address such as integration@acme.example, in ASCII (a domain of other letters as xn--…).',
  );
}

/** Slack's rule for the names of channels: https://api.slack.com/methods/conversations.create#naming */
export function channel(text: string): string {
  if (/^#?[\p{Ll}\p{Lo}\p{N}_-]{1,80}$/u.test(text)) return text;
  throw new InvalidArgumentError('It must be like #acme-beta: up to 80 lower-case letters, digits, "-" and "_".');
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

/** An option whose values a shell can complete, and which `read` turns into what they mean. `preset` is the value of who says nothing. */
export function choice(
  flags: string,
  description: string,
  values: readonly string[],
  read: (text: string) => unknown,
  preset: string,
): Option {
  return new Option(flags, description).choices(values).argParser(read).default(read(preset), preset);
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

const graceHours: { [text: string]: number } = { '0': 0, '1h': 1, '24h': 24, '7d': 168 };

/** How long an old key stays good after its rotation, in milliseconds: at once, an hour, a day or a week, as over the API. */
export function grace(text: string): number {
  const hours = graceHours[text];
  if (hours !== undefined) return hours * hourMs;
  throw new InvalidArgumentError(`It must be one of ${graces.join(', ')}.`);
}

export const graces = Object.keys(graceHours);

/** A moment in the future as `moment` takes it, or `never`: commander would take a null for an empty text. */
export function expiry(text: string): Date | 'never' {
  return text === 'never' ? text : moment(text);
}

/** `203.0.113.0/24,2001:db8::/32` in the canonical form, or `everywhere`. */
export function networkList(text: string): string[] | 'everywhere' {
  if (text === 'everywhere') return text;
  return text.split(',').map((each) => {
    try {
      return parseNetwork(each.trim());
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  });
}
