import { encodeRequest, HttpConnection } from '../../load/http-client.ts';
import { headersFor } from '../../load/requests.ts';
import type { Service } from '../environment.ts';
import { interleave, measureLoad, ofRounds } from '../measure.ts';
import { payloadBytes, type Scenario } from '../scenario.ts';
import { check } from '../targets.ts';

const partnerCount = 20;
const waitsEach = 10;

/** Long polls and waiting receives of other partners, as many as they may have, on a pool of ten connections: do those who push events feel them? */
export const waiters: Scenario = {
  name: 'waiters',
  what: `p99 of single ingest at 1,000 requests/s beside ${partnerCount * waitsEach} waiting polls and receives of others, against none`,
  async run({ env, effort }) {
    const slugs = ['pusher', ...Array.from({ length: partnerCount }, (_, index) => `waiter${index}`)];
    const service = await env.startService('bench_waiters', slugs);
    const [pusher, ...others] = service.partners.map(({ apiKey }) => apiKey) as [string, ...string[]];
    const load = {
      port: service.server.port,
      source: { kind: 'event', payloadBytes } as const,
      pace: { kind: 'arrival', perSecond: 1_000 } as const,
      connections: 64,
      apiKeys: [pusher],
      durationMs: effort.seconds * 1_000,
      warmUpMs: effort.warmUpSeconds * 1_000,
    };
    const measure = async () => (await measureLoad(env, service.server.processId(), load)).sample;
    const [alone, beside] = await interleave(effort.rounds, [
      { name: 'single ingest, 1,000 requests/s, nobody waits', run: measure },
      { name: `single ingest, 1,000 requests/s, ${partnerCount * waitsEach} wait`, run: () => besideWaiters(service, others, measure) },
    ]);
    if (!alone || !beside) throw new Error('nothing was measured');
    await env.stopService(service);
    return {
      measurements: [alone, beside],
      checks: [
        check(
          'waiters',
          ofRounds(beside, alone, (a, b) => a.p99 / b.p99),
        ),
      ],
    };
  },
};

async function besideWaiters<Value>({ server }: Service, apiKeys: string[], measure: () => Promise<Value>): Promise<Value> {
  let over = false;
  const connections = apiKeys.flatMap((apiKey) =>
    Array.from({ length: waitsEach }, (_, index) => {
      const http = new HttpConnection('127.0.0.1', server.port, 60_000);
      const headers = headersFor(apiKey);
      const request =
        index % 2
          ? encodeRequest('GET', '/v1/inbox?wait=30', headers)
          : encodeRequest('POST', '/v1/inbox/receive', headers, '{"wait_seconds":30}');
      const wait = async () => {
        while (!over) {
          const { status } = await http.request(request);
          if (status !== 200) throw new Error(`a wait was answered ${status}`);
        }
      };
      return { http, ended: wait().catch((error: unknown) => (over ? undefined : error)) };
    }),
  );
  const measured = await measure().finally(() => {
    over = true;
    for (const { http } of connections) http.close();
  });
  const [failure] = (await Promise.all(connections.map(({ ended }) => ended))).filter((error) => error !== undefined);
  if (failure) throw failure;
  return measured;
}
