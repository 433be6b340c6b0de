import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { interleave, type Measurement, measureLoad, ofRounds, ratioOfSpeed } from '../measure.ts';
import { payloadBytes, type Scenario } from '../scenario.ts';
import { check } from '../targets.ts';

const connections = 64;
const preload = (file: string) => `--import=${new URL(file, import.meta.url).href}`;

/** What is switched on beside the one before it, or instead of it. */
const variants = (collectorUrl: string): Record<string, Record<string, string>> => ({
  bare: { ACCESS_LOG: 'off', NODE_OPTIONS: preload('../without-metrics.ts') },
  metrics: { ACCESS_LOG: 'off' },
  logged: { ACCESS_LOG: 'on', LOG_LEVEL: 'info' },
  traced: { ACCESS_LOG: 'off', NODE_OPTIONS: preload('../../../src/telemetry.ts'), OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl },
});

const names: Record<string, string> = {
  bare: 'without metrics, access log and traces',
  metrics: 'with metrics',
  logged: 'with metrics and access log',
  traced: 'with metrics and traces, 1 in 100 recorded',
};

/** What it costs to be seen: the same server four times, loaded in turns. */
export const observability: Scenario = {
  name: 'observability',
  what: `single ingest at ${connections} connections without and with metrics, the access log and traces`,
  async run({ env, effort }) {
    const collector = createServer((request, response) => {
      request.resume().once('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
    });
    await once(collector.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    const services = await Promise.all(
      Object.entries(variants(url)).map(async ([variant, serverEnv]) => ({
        variant,
        service: await env.startService(`bench_observability_${variant}`, ['bench'], undefined, serverEnv),
      })),
    );
    try {
      const measurements = await interleave(
        effort.rounds,
        services.map(({ variant, service: { server, partners } }) => ({
          name: `single ingest ${names[variant]}`,
          async run() {
            const load = {
              port: server.port,
              source: { kind: 'event', payloadBytes } as const,
              connections,
              durationMs: effort.seconds * 1_000,
              warmUpMs: effort.warmUpSeconds * 1_000,
              apiKeys: [partners[0]?.apiKey as string],
            };
            return (await measureLoad(env, server.processId(), load)).sample;
          },
        })),
      );
      const [bare, metrics, logged, traced] = measurements as [Measurement, Measurement, Measurement, Measurement];
      const cpu = (a: Measurement, b: Measurement) => {
        const ratio = ofRounds(a, b, (one, other) => one.serverCpuPerEvent / other.serverCpuPerEvent);
        return `CPU of the server per event × ${ratio.toFixed(3)}`;
      };
      return {
        measurements,
        checks: [
          check('metricsCost', ofRounds(metrics, bare, ratioOfSpeed), cpu(metrics, bare)),
          check('accessLogCost', ofRounds(logged, metrics, ratioOfSpeed), cpu(logged, metrics)),
          check('tracesCost', ofRounds(traced, metrics, ratioOfSpeed), cpu(traced, metrics)),
        ],
      };
    } finally {
      for (const { service } of services) await env.stopService(service);
      collector.close();
      collector.closeAllConnections();
    }
  },
};
