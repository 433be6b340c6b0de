import { withClient } from '../../faults/provision.ts';
import { measureLoad, measurementOf } from '../measure.ts';
import { payloadBytes, type Scenario } from '../scenario.ts';
import { check } from '../targets.ts';

const partners = 8;

/** While a transaction holds an old snapshot, vacuum may remove nothing: every acknowledged row stays where a poll has to step over it. */
export const snapshot: Scenario = {
  name: 'poll-snapshot',
  what: 'p50 of a poll while a snapshot is held open and events are inserted, polled and acknowledged',
  async run({ env, effort }) {
    const slugs = Array.from({ length: partners }, (_, index) => `cycle${index}`);
    const service = await env.startService('bench_snapshot', slugs);
    const { sample, result } = await withClient(service.url, async (holder) => {
      await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await holder.query('SELECT count(*) FROM partners');
      const measured = await measureLoad(env, service.server.processId(), {
        port: service.server.port,
        source: { kind: 'cycle', size: 100, payloadBytes, events: effort.snapshotEvents },
        connections: partners,
        apiKeys: service.partners.map(({ apiKey }) => apiKey),
        durationMs: 300_000,
        slices: 10,
      });
      await holder.query('ROLLBACK');
      return measured;
    });
    await env.stopService(service);
    const tenths = (result.slices ?? []).map(({ p50 }) => p50);
    const ratio = (tenths.at(-1) as number) / (tenths[0] as number);
    if (result.events < effort.snapshotEvents)
      throw new Error(`${result.events} of ${effort.snapshotEvents} events went round: ${result.lastError}`);
    return {
      measurements: [measurementOf(`cycle of insert, poll and acknowledge 100, ${partners} partners, snapshot held`, [sample])],
      checks: [check('pollSnapshot', ratio, `${effort.snapshotEvents.toLocaleString('en')} events`)],
      series: { pollP50ByTenth: tenths },
    };
  },
};
