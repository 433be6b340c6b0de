import { median } from '../../load/latency.ts';
import { residentMegabytes } from '../cpu.ts';
import { measureLoad, measurementOf } from '../measure.ts';
import { payloadBytes, type Scenario } from '../scenario.ts';
import { check } from '../targets.ts';

const partnerCount = 10;
const perPartner = 100;
/** Above the load, so that a request that comes late is not one too many, and low enough that every request asks Redis for its token. */
const ratePerSecond = 150;

/** The load that the product is sold for, on a fresh server. */
export const r22: Scenario = {
  name: 'r22',
  what: '10 partners at 100 requests/s each, constant arrival',
  async run({ env, effort }) {
    const slugs = Array.from({ length: partnerCount }, (_, index) => `partner${index}`);
    const service = await env.startService('bench_r22', slugs, ratePerSecond);
    const processId = service.server.processId();
    const memory = [residentMegabytes(processId)];
    const sampler = setInterval(() => memory.push(residentMegabytes(processId)), 1_000);
    try {
      const { sample, result } = await measureLoad(env, processId, {
        port: service.server.port,
        source: { kind: 'event', payloadBytes },
        pace: { kind: 'arrival', perSecond: partnerCount * perPartner },
        connections: partnerCount * 4,
        apiKeys: service.partners.map(({ apiKey }) => apiKey),
        durationMs: effort.loadSeconds * 1_000,
        timeoutMs: 10_000,
      });
      memory.push(residentMegabytes(processId));
      const third = Math.floor(memory.length / 3);
      const growth = median(memory.slice(-third)) / median(memory.slice(third, 2 * third));
      return {
        measurements: [measurementOf(`${partnerCount} partners × ${perPartner} requests/s for ${effort.loadSeconds} s`, [sample])],
        checks: [
          check('r22P95', sample.p95),
          check(
            'r22Errors',
            sample.errors,
            Object.entries(result.statuses)
              .map(([status, count]) => `${status}: ${count}`)
              .join(', '),
          ),
          check('r22Rss', Math.max(...memory), `start ${memory[0]?.toFixed(0)}, end ${memory.at(-1)?.toFixed(0)}`),
          check('r22Growth', growth),
        ],
        series: { serverMegabytes: memory },
      };
    } finally {
      clearInterval(sampler);
      await env.stopService(service);
    }
  },
};
