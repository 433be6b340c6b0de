import { InvalidArgumentError } from 'commander';

/** Readers of option values. Each gives the value or throws commander's InvalidArgumentError, which names the option. */

/** A whole number from `low` to `high`. */
export function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
  };
}

// As the API has it: openapi.json, `event_type` of GET /v1/inbox.
const typeFilter = /^[A-Za-z0-9_](?:[A-Za-z0-9_.:/-]{0,254}|[A-Za-z0-9_.:/-]{0,252}\.\*)$/;

/** Of `--event-type a.b --event-type 'c.*'` or `--event-type a.b,c.*`, all of them. At most 20, as the service takes. */
export function eventTypes(text: string, before: readonly string[] = []): string[] {
  const named = text.split(',').map((each) => each.trim());
  const strange = named.find((each) => !typeFilter.test(each));
  if (strange !== undefined)
    throw new InvalidArgumentError(`"${strange}" is neither a type such as order.created nor a beginning such as order.*`);
  const all = [...new Set([...before, ...named])];
  if (all.length > 20) throw new InvalidArgumentError('There can be 20 types at most.');
  return all;
}

/** `--metadata source=shop --metadata region=eu` */
export function metadata(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be name=value.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A moment: an RFC 3339 time, or so long ago: `30s`, `10m`, `2h`, `3d`. Milliseconds are what the service knows. */
export function moment(text: string): string {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (unit !== undefined) return new Date(Date.now() - Number(count) * (unitMs[unit] ?? 0)).toISOString();
  const ms = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new InvalidArgumentError('It must be an RFC 3339 time such as 2026-11-24T10:00:00Z, or so long ago: 30s, 10m, 2h, 3d.');
}

/** When something happened, as `moment` reads it. `isRelative`: the same text means another time later. */
export type Happened = { time: string; isRelative: boolean };

export function happened(text: string): Happened {
  return { time: moment(text), isRelative: /^\d+[smhd]$/.test(text) };
}

/** An address of a web server. User and password are refused: they would stand in the arguments. */
export function webAddress(text: string): URL {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return url;
  throw new InvalidArgumentError('It must be an address such as http://localhost:3000/hook.');
}

export function profileName(text: string): string {
  if (/^[\w.-]{1,64}$/.test(text) && text !== '__proto__') return text;
  throw new InvalidArgumentError('It must be 1 to 64 letters, digits, ".", "_" and "-".');
}
