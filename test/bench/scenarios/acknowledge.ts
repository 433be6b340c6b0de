import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { withClient } from '../../faults/provision.ts';
import type { Service } from '../environment.ts';
import { interleave, measureLoad, ofRounds, ratioOfSpeed, speedOnly } from '../measure.ts';
import { connectionOf, runProgram, versionOf } from '../program.ts';
import type { Context, Scenario } from '../scenario.ts';
import { inboxIds, storeEvents } from '../stored-events.ts';
import { check } from '../targets.ts';

const batchSize = 100;
const clients = 4;
const deleteText = `DELETE FROM inbox USING (SELECT unnest(ids) AS id FROM bench_batches WHERE n = $BATCH) AS wanted
  WHERE inbox.partner_id = $PARTNER AND inbox.id = wanted.id`;
/** As the service's own connections have it: every statement walks its index. */
const pinnedPlans = '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off -c jit=off';

export const acknowledge: Scenario = {
  name: 'acknowledge',
  what: 'acknowledging in batches of 100 over HTTP, against the bare DELETE of the same inbox rows',
  async run(context) {
    const { env, effort } = context;
    const service = await env.startService('bench_acknowledge', ['settler', 'deleter']);
    const pgbench = versionOf('pgbench');
    const events = effort.seconds * 40_000;
    await withClient(service.url, (client) => client.query('CREATE TABLE bench_batches (n integer PRIMARY KEY, ids uuid[] NOT NULL)'));
    const [ours, bare] = await interleave(effort.rounds, [
      { name: `acknowledge, batches of ${batchSize}, 16 connections`, run: () => overHttp(context, service, events) },
      {
        name: pgbench ? `DELETE by pgbench, ${clients} clients` : `DELETE by the driver, ${clients} clients`,
        run: () => bareDelete(service, events, pgbench !== undefined),
      },
    ]);
    if (!ours || !bare) throw new Error('nothing was measured');
    await env.stopService(service);
    const ratio = ofRounds(ours, bare, ratioOfSpeed);
    const rate = check('acknowledgeRate', ours.median.eventsPerSecond);
    const share = check('acknowledgeRatio', ratio);
    // Either of the two is enough.
    if (rate.met) share.met = undefined;
    else if (share.met) rate.met = undefined;
    return {
      measurements: [ours, bare],
      checks: [rate, share],
      notes: [
        `the DELETE by ${pgbench ?? 'prepared statements of the driver, because this machine has no pgbench'}; ours also writes down when each was acknowledged`,
      ],
    };
  },
};

async function overHttp({ env }: Context, { server, url, partners }: Service, events: number) {
  const [partner] = partners;
  if (!partner) throw new Error('there is no partner');
  await storeEvents(url, server.port, partner, events, 1);
  const ids = await inboxIds(url, partner.id);
  const bodies: string[] = [];
  for (let from = 0; from < ids.length; from += batchSize) bodies.push(JSON.stringify({ event_ids: ids.slice(from, from + batchSize) }));
  const source = { kind: 'list', method: 'POST', path: '/v1/events/acknowledge', bodies, eventsEach: batchSize } as const;
  const load = { port: server.port, source, connections: 16, apiKeys: [partner.apiKey], durationMs: 60_000 };
  const { sample } = await measureLoad(env, server.processId(), load);
  const left = await inboxIds(url, partner.id);
  if (left.length > 0)
    throw new Error(`${left.length} of ${events} events were not acknowledged: ${sample.lastError ?? 'no error was answered'}`);
  return sample;
}

async function bareDelete({ server, url, partners }: Service, events: number, byPgbench: boolean) {
  const partner = partners[1];
  if (!partner) throw new Error('there is no second partner');
  const partnerId = partner.id;
  await storeEvents(url, server.port, partner, events, 1);
  await withClient(url, async (client) => {
    await client.query('TRUNCATE bench_batches');
    await client.query(
      `INSERT INTO bench_batches SELECT n, array_agg(id ORDER BY id)
       FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) / ${batchSize} AS n FROM inbox WHERE partner_id = $1) AS numbered GROUP BY n`,
      [partnerId],
    );
    await client.query('ANALYZE bench_batches');
  });
  const batches = Math.floor(events / batchSize);
  const seconds = byPgbench ? await deleteByPgbench(url, partnerId, batches) : await deleteByDriver(url, partnerId, batches);
  const left = await inboxIds(url, partnerId);
  if (left.length >= batchSize * clients) throw new Error(`${left.length} rows were not deleted`);
  await withClient(url, (client) => client.query('DELETE FROM inbox WHERE partner_id = $1', [partnerId]));
  return speedOnly((events - left.length) / seconds);
}

async function deleteByPgbench(url: string, partnerId: number, batches: number): Promise<number> {
  const file = path.join(tmpdir(), `triggers-delete-${process.pid}.sql`);
  const text = deleteText.replace('$BATCH', ':batch').replace('$PARTNER', String(partnerId));
  await writeFile(file, `\\set turn :turn + 1\n\\set batch :turn * ${clients} + :client_id\n${text};\n`, { mode: 0o600 });
  try {
    const transactions = Math.floor(batches / clients);
    const args = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '1', '-t', String(transactions), '-D', 'turn=-1', '-f', file];
    const output = await runProgram('pgbench', args, { ...connectionOf(url), PGOPTIONS: pinnedPlans });
    return (transactions * clients) / Number(/tps = ([\d.]+)/.exec(output)?.[1]);
  } finally {
    await rm(file, { force: true });
  }
}

async function deleteByDriver(url: string, partnerId: number, batches: number): Promise<number> {
  const text = deleteText.replace('$BATCH', '$1').replace('$PARTNER', '$2');
  const begun = performance.now();
  const lane = (first: number) =>
    withClient(url, async (client) => {
      await client.query(`SET enable_seqscan = off`);
      for (let batch = first; batch < batches; batch += clients) await client.query({ name: 'delete', text, values: [batch, partnerId] });
    });
  await Promise.all(Array.from({ length: clients }, (_, index) => lane(index)));
  return (performance.now() - begun) / 1_000;
}
