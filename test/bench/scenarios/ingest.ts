import { interleave, measureLoad, ofRounds, ratioOfSpeed } from '../measure.ts';
import { type Context, payloadBytes, type Scenario, type ScenarioResult } from '../scenario.ts';
import { check } from '../targets.ts';

async function run({ env, effort }: Context, connections: number, withNaive: boolean): Promise<ScenarioResult> {
  const { server, partners } = await env.shared();
  const ceiling = await env.ceiling();
  const naive = withNaive ? await env.naive() : undefined;
  const load = {
    source: { kind: 'event', payloadBytes } as const,
    connections,
    durationMs: effort.seconds * 1_000,
    warmUpMs: effort.warmUpSeconds * 1_000,
    apiKeys: [partners[0]?.apiKey as string],
  };
  const sampleOf = async (processId: number, port: number) => (await measureLoad(env, processId, { ...load, port })).sample;
  const [bare, ours, usual] = await interleave(effort.rounds, [
    { name: `no storage, ${connections} connections`, run: () => sampleOf(ceiling.processId, ceiling.port) },
    { name: `single ingest, ${connections} connections`, run: () => sampleOf(server.processId(), server.port) },
    ...(naive ? [{ name: `naive, ${connections} connections`, run: () => sampleOf(naive.processId, naive.port) }] : []),
  ]);
  if (!bare || !ours) throw new Error('nothing was measured');
  const checks = [check(connections === 64 ? 'ingest64' : 'ingest256', ofRounds(ours, bare, ratioOfSpeed))];
  if (usual)
    checks.push(check('ingestNaive', ofRounds(ours, usual, ratioOfSpeed), env.redis ? undefined : 'the naive server had no Redis to call'));
  return { measurements: usual ? [bare, ours, usual] : [bare, ours], checks };
}

export const ingest64: Scenario = {
  name: 'ingest-64',
  what: 'durable single ingest at 64 connections, against the no-storage route and a naive server',
  run: (context) => run(context, 64, true),
};

export const ingest256: Scenario = {
  name: 'ingest-256',
  what: 'durable single ingest at 256 connections, against the no-storage route',
  run: (context) => run(context, 256, false),
};
