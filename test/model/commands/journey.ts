import fc from 'fast-check';
import type { Outcome } from '../model.ts';
import type { Member, World } from '../world.ts';
import { ask, type Command, expectOutcome, memberOf, pickId, settlement, target } from './command.ts';
import { expectEvent } from './read.ts';

type Step = { method: string; path: (id: string) => string; expected: (inbox: Member['inbox'], id: string, now: number) => Outcome };

const settling = (op: 'acknowledge' | 'reject'): Step => ({
  method: 'PATCH',
  path: (id) => `/v1/events/${id}/${op}`,
  expected: (inbox, id, now) => inbox.settle(id, settlement(op, null, 0, null), now),
});
const steps: Record<string, Step> = {
  acknowledge: settling('acknowledge'),
  reject: settling('reject'),
  replay: {
    method: 'POST',
    path: (id) => `/v1/events/${id}/replay`,
    expected: (inbox, id, now) => inbox.bringBack(id, false, now),
  },
  redrive: {
    method: 'POST',
    path: (id) => `/v1/dead-letters/${id}/redrive`,
    expected: (inbox, id, now) => inbox.bringBack(id, true, now),
  },
};

/** One event goes to and fro between the inbox, the acknowledged and the dead letters. */
export const journey = fc.record({ ...target, way: fc.array(fc.constantFrom(...Object.keys(steps)), { minLength: 4, maxLength: 8 }) }).map(
  ({ who, which, among, way }): Command => ({
    name: `${who} has #${which} go through ${way.join(', ')}`,
    async run(world: World) {
      const member = memberOf(world, who);
      const id = pickId(member, which, among, world.now);
      for (const name of way) {
        const { method, path, expected } = steps[name] as Step;
        const answer = await ask(world, member, method, path(id));
        expectOutcome(answer, id, expected(member.inbox, id, world.now));
      }
      await expectEvent(world, member, id);
    },
  }),
);
