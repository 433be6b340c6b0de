import { interleave, type Measurement, measureLoad, ofRounds, ratioOfSpeed } from '../measure.ts';
import { payloadBytes, type Scenario } from '../scenario.ts';
import { check } from '../targets.ts';

const workerCounts = [1, 4, 16];
const size = 100;

/**
 * Workers that share one inbox by leases, against as many that poll and acknowledge. Peeks of one inbox would all see the same events, so
 * there each connection has a partner of its own: that is the most that polling can do.
 */
export const leases: Scenario = {
  name: 'leases',
  what: 'insert, receive and settle 100 by 1, 4 and 16 workers of one inbox, against insert, poll and acknowledge',
  async run({ env, effort }) {
    const most = Math.max(...workerCounts);
    const slugs = ['shared', ...Array.from({ length: most }, (_, index) => `own${index}`)];
    const service = await env.startService('bench_leases', slugs);
    const [shared, ...own] = service.partners.map(({ apiKey }) => apiKey) as [string, ...string[]];
    const cycle = async (leased: boolean, apiKeys: string[], connections: number) =>
      (
        await measureLoad(env, service.server.processId(), {
          port: service.server.port,
          source: { kind: 'cycle', size, payloadBytes, events: Number.MAX_SAFE_INTEGER, leased },
          connections,
          apiKeys,
          durationMs: effort.seconds * 1_000,
        })
      ).sample;
    const measurements: Measurement[] = [];
    const ratios: number[] = [];
    for (const workers of workerCounts) {
      const [polled, leased] = await interleave(effort.rounds, [
        { name: `cycle by poll and acknowledge, ${workers} at once`, run: () => cycle(false, own.slice(0, workers), workers) },
        { name: `cycle by receive and settle, ${workers} workers of one inbox`, run: () => cycle(true, [shared], workers) },
      ]);
      if (!polled || !leased) throw new Error('nothing was measured');
      measurements.push(polled, leased);
      ratios.push(ofRounds(leased, polled, ratioOfSpeed));
    }
    await env.stopService(service);
    const note = workerCounts.map((workers, index) => `${workers}: ${ratios[index]?.toFixed(2)}`).join(', ');
    return { measurements, checks: [check('leases', ratios.at(-1) as number, note)] };
  },
};
