import { withClient } from '../../faults/provision.ts';
import { encodeRequest, HttpConnection } from '../../load/http-client.ts';
import { eventBody, headersFor } from '../../load/requests.ts';
import type { Service } from '../environment.ts';
import { measureLoad, measurementOf } from '../measure.ts';
import { type Context, payloadBytes, type Scenario, type ScenarioResult } from '../scenario.ts';
import { check, type TargetName } from '../targets.ts';

const partners = 8;

type Hindrance = {
  database: string;
  leased: boolean;
  target: TargetName;
  /** How it is said in the name of the measurement. */
  words: string;
  /** Runs `measure` while something stands in the way. */
  during<Value>(service: Service, measure: () => Promise<Value>): Promise<Value>;
};

/** Events go round while something stands in the way of the scan: is the last tenth of the looks as fast as the first? */
async function run({ env, effort }: Context, { database, leased, target, words, during }: Hindrance): Promise<ScenarioResult> {
  const slugs = Array.from({ length: partners }, (_, index) => `cycle${index}`);
  const service = await env.startService(database, slugs);
  const { sample, result } = await during(service, () =>
    measureLoad(env, service.server.processId(), {
      port: service.server.port,
      source: { kind: 'cycle', size: 100, payloadBytes, events: effort.snapshotEvents, leased },
      connections: partners,
      apiKeys: service.partners.map(({ apiKey }) => apiKey),
      durationMs: 300_000,
      slices: 10,
    }),
  );
  await env.stopService(service);
  const tenths = (result.slices ?? []).map(({ p50 }) => p50);
  const ratio = (tenths.at(-1) as number) / (tenths[0] as number);
  if (result.events < effort.snapshotEvents * 0.99)
    throw new Error(`${result.events} of ${effort.snapshotEvents} events went round: ${result.lastError}`);
  const how = leased ? 'receive and settle' : 'poll and acknowledge';
  return {
    measurements: [measurementOf(`cycle of insert, ${how} 100, ${partners} partners, ${words}`, [sample])],
    checks: [check(target, ratio, `${effort.snapshotEvents.toLocaleString('en')} events`)],
    series: { p50ByTenth: tenths },
  };
}

/** While a transaction holds an old snapshot, vacuum may remove nothing: every acknowledged row stays where a look has to step over it. */
function holdSnapshot<Value>({ url }: Service, measure: () => Promise<Value>): Promise<Value> {
  return withClient(url, async (holder) => {
    await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await holder.query('SELECT count(*) FROM partners');
    const measured = await measure();
    await holder.query('ROLLBACK');
    return measured;
  });
}

/** The oldest event of each partner is held under a lease for an hour and never settled: polls pass it by, and stay behind it. */
async function leaveStuck<Value>({ server, partners }: Service, measure: () => Promise<Value>): Promise<Value> {
  const http = new HttpConnection('127.0.0.1', server.port);
  for (const { apiKey } of partners) {
    const headers = headersFor(apiKey);
    await http.request(encodeRequest('POST', '/v1/events', headers, eventBody(payloadBytes, 'stuck')));
    const answer = await http.request(
      encodeRequest('POST', '/v1/inbox/receive', headers, JSON.stringify({ max_events: 1, lease_seconds: 3_600 })),
    );
    if (answer.status !== 200 || !answer.body.includes('lease_token')) throw new Error(`nothing was leased: ${answer.status}`);
  }
  http.close();
  return measure();
}

export const snapshot: Scenario = {
  name: 'poll-snapshot',
  what: 'p50 of a poll while a snapshot is held open and events are inserted, polled and acknowledged',
  run: (context) =>
    run(context, { database: 'bench_snapshot', leased: false, target: 'pollSnapshot', words: 'snapshot held', during: holdSnapshot }),
};

export const receiveSnapshot: Scenario = {
  name: 'receive-snapshot',
  what: 'p50 of a receive while a snapshot is held open and events are inserted, received and settled',
  run: (context) =>
    run(context, { database: 'bench_receive', leased: true, target: 'receiveSnapshot', words: 'snapshot held', during: holdSnapshot }),
};

export const stuck: Scenario = {
  name: 'poll-stuck',
  what: 'p50 of a poll behind an event that nobody acknowledges, while events are inserted, polled and acknowledged',
  run: (context) =>
    run(context, { database: 'bench_stuck', leased: false, target: 'pollStuck', words: 'one event stuck', during: leaveStuck }),
};
