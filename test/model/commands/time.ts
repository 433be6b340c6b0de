import fc from 'fast-check';
import { advance, sweepRetention, type World } from '../world.ts';
import type { Command } from './command.ts';

export const pass = fc.integer({ min: 1, max: 20_000 }).map(
  (ms): Command => ({
    name: `${ms} ms pass`,
    run: (world) => advance(world, ms),
  }),
);

/** To the very millisecond of an end, or to that before it. */
export const passToEnd = fc.record({ which: fc.nat(20), before: fc.boolean() }).map(
  ({ which, before }): Command => ({
    name: `time passes to ${before ? 'a millisecond before ' : ''}end #${which}`,
    async run(world) {
      const all = endsOf(world).filter((end) => end > world.now + 1);
      const end = all[which % Math.max(1, all.length)];
      if (end !== undefined) await advance(world, end - world.now - (before ? 1 : 0));
    },
  }),
);

/** When leases, delays and retentions end that do so within the hour; a receive can be repeated in the last millisecond of its five minutes. */
function endsOf({ members, now }: World): number[] {
  return members
    .flatMap(({ inbox }) => [
      ...inbox.events.flatMap(({ visibleAt, receivedAt, deadAt }) => [
        ...(visibleAt === null ? [] : [visibleAt]),
        receivedAt + inbox.retention,
        ...(deadAt === null ? [] : [deadAt + inbox.retention]),
      ]),
      ...[...inbox.receives.values()].map(({ at }) => at + 300_001),
    ])
    .filter((end) => end < now + 3_600_000)
    .sort((a, b) => a - b);
}

export const hoursPass = fc.integer({ min: 1_800_000, max: 40_000_000 }).map(
  (ms): Command => ({
    name: `${(ms / 3_600_000).toFixed(1)} hours pass`,
    run: (world) => advance(world, ms),
  }),
);

export const retentionRuns = fc.constant<Command>({ name: 'the retention runs', run: sweepRetention });
