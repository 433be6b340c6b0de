import { buryExhausted } from '../../src/modules/leases/exhausted-store.ts';
import { sweepDeadLetters, sweepReceives } from '../../src/modules/retention/dated-store.ts';
import {
  dropPartitions,
  makePartitions,
  sweepAcknowledgements,
  sweepEvents,
  sweepIdempotencyKeys,
  sweepInbox,
} from '../../src/modules/retention/store.ts';
import type { TestApp } from '../helper/app.ts';
import { ModelInbox } from './model.ts';

const dayMs = 86_400_000;

/** One expires within a run, the other lives through leases of twelve hours. */
const kinds = [
  { retentionSeconds: 240, maxDeliveries: 3 },
  { retentionSeconds: 259_200, maxDeliveries: 2 },
];

export type Member = {
  id: number;
  slug: string;
  key: string;
  /** Keys that were the member's, and until when each is good. */
  oldKeys: { key: string; goodUntil: number }[];
  inbox: ModelInbox;
  /** Events that commands were about of late: those that come back to them find most. */
  recent: string[];
  /** Every token that was ever given for an event, in order. */
  tokens: Map<string, string[]>;
};

/** The service and what it should be: two partners on one clock that only the commands move. */
export type World = { app: TestApp; now: number; members: [Member, Member]; posts: number; lastId: string };

let runs = 0;

/** The database lets no retention be shorter than an hour; for this test it must, or days would have to pass. */
export async function allowShortRetention({ db }: TestApp): Promise<void> {
  await db.query('ALTER TABLE partners DROP CONSTRAINT partners_retention_seconds_check');
}

/** A new world on the running service. Time goes on from the world before: ids only grow. */
export async function newWorld(app: TestApp, now: number): Promise<World> {
  runs += 1;
  app.clock.stoppedAtMs = now;
  const member = async (which: 0 | 1): Promise<Member> => {
    const { retentionSeconds, maxDeliveries } = kinds[which] as (typeof kinds)[0];
    const partner = await app.addPartner({ slug: `m${runs}${'ab'[which]}`, retentionSeconds });
    await app.db.query('UPDATE partners SET max_deliveries = $2 WHERE id = $1', [partner.id, maxDeliveries]);
    return { ...partner, oldKeys: [], recent: [], inbox: new ModelInbox(retentionSeconds * 1000, maxDeliveries), tokens: new Map() };
  };
  return { app, now, members: [await member(0), await member(1)], posts: 0, lastId: '' };
}

/**
 * Lets time pass in the service and in the model. It stops wherever a last lease lapses, for the sweep that comes within a second in the service to be
 * on time. An event whose retention ends first may be gone before: then it is thrown away in both.
 */
export async function advance(world: World, ms: number): Promise<void> {
  const end = world.now + ms;
  while (world.now < end) {
    const next = Math.max(world.now + 1, Math.min(end, ...world.members.map(({ inbox }) => inbox.nextLapse())));
    const isNewDay = Math.floor(next / dayMs) !== Math.floor(world.now / dayMs);
    world.now = next;
    world.app.clock.stoppedAtMs = next;
    if (isNewDay) await turnDay(world);
    await forgetLateDeaths(world);
    await buryExhausted(world.app.app.pools.read, next);
    for (const { inbox } of world.members) inbox.lapse(next);
  }
}

/** Whether an event that expires under its last lease still becomes a dead letter depends on which sweep comes first: the contract leaves it open. */
async function forgetLateDeaths({ app, now, members }: World): Promise<void> {
  for (const { id, inbox } of members) {
    const late = inbox.events.filter(
      (event) =>
        event.place === 'inbox' && event.lastDelivery && event.visibleAt !== null && event.visibleAt <= now && inbox.isExpired(event, now),
    );
    for (const event of late) {
      inbox.events.splice(inbox.events.indexOf(event), 1);
      await app.db.query('DELETE FROM inbox WHERE partner_id = $1 AND id = $2', [id, event.id.slice(4)]);
    }
  }
}

/** What the hourly job does. */
async function turnDay({ app, now }: World): Promise<void> {
  await makePartitions(app.app.pools.read, now);
  await dropPartitions(app.app.pools.read, now);
}

/** What the job of every minute does: nobody must notice. */
export async function sweepRetention({ app, now }: World): Promise<void> {
  const { read } = app.app.pools;
  for (const sweep of [sweepInbox, sweepAcknowledgements, sweepEvents, sweepDeadLetters, sweepReceives, sweepIdempotencyKeys])
    await sweep(read, now);
}
