import { interleave, measureLoad, ofRounds } from '../measure.ts';
import { payloadBytes, type Scenario } from '../scenario.ts';
import { check } from '../targets.ts';

/** What durability costs a request when the machine is not full: the number that a partner feels. */
export const addedLatency: Scenario = {
  name: 'added-latency',
  what: 'p50 added to the no-storage route at a constant 1,000 requests/s',
  async run({ env, effort }) {
    const { server, partners } = await env.shared();
    const ceiling = await env.ceiling();
    const load = {
      source: { kind: 'event', payloadBytes } as const,
      pace: { kind: 'arrival', perSecond: 1_000 } as const,
      connections: 64,
      apiKeys: [partners[0]?.apiKey as string],
      durationMs: effort.seconds * 1_000,
      warmUpMs: effort.warmUpSeconds * 1_000,
    };
    const [bare, ours] = await interleave(effort.rounds, [
      {
        name: 'no storage, 1,000 requests/s',
        run: async () => (await measureLoad(env, ceiling.processId, { ...load, port: ceiling.port })).sample,
      },
      {
        name: 'single ingest, 1,000 requests/s',
        run: async () => (await measureLoad(env, server.processId(), { ...load, port: server.port })).sample,
      },
    ]);
    if (!bare || !ours) throw new Error('nothing was measured');
    return {
      measurements: [bare, ours],
      checks: [
        check(
          'addedP50',
          ofRounds(ours, bare, (a, b) => a.p50 - b.p50),
        ),
      ],
    };
  },
};
