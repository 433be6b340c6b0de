import { InvalidArgumentError } from 'commander';
import type { ChainPoint } from '../../src/modules/audit/chain.ts';
import { parseTime } from '../../src/platform/rfc3339.ts';

const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000 };

/** A moment in the past: an RFC 3339 time, or so many days, hours or minutes ago (`7d`, `12h`, `30m`). Throws commander's InvalidArgumentError. */
export function pastMoment(text: string): Date {
  const ago = /^(\d{1,6})([dhm])$/.exec(text);
  const ms = ago ? Date.now() - Number(ago[1]) * unitMs[ago[2] as 'd'] : parseTime(text);
  if (ms === undefined) {
    throw new InvalidArgumentError('It must be an RFC 3339 time, or a number of days, hours or minutes ago such as 7d, 12h or 30m.');
  }
  return new Date(ms);
}

/** One more `SEQ:HASH`, as `audit verify` prints the head. Throws commander's InvalidArgumentError. */
export function anchor(text: string, before: ChainPoint[] = []): ChainPoint[] {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text);
  if (!match) throw new InvalidArgumentError('It must be a number and a hash of 64 hexadecimal digits, such as 1200:9f86d0….');
  return [...before, { seq: BigInt(match[1] as string), hash: (match[2] as string).toLowerCase() }];
}
