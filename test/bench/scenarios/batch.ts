import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { CopyMessage } from '../../../src/platform/copy.ts';
import { withClient } from '../../faults/provision.ts';
import { payloadText } from '../../load/requests.ts';
import { interleave, type Measurement, measureLoad, ofRounds, ratioOfSpeed, speedOnly } from '../measure.ts';
import { connectionOf, runProgram, versionOf } from '../program.ts';
import { type Context, payloadBytes, type Scenario } from '../scenario.ts';
import { storageAlone } from '../storage-alone.ts';
import { check } from '../targets.ts';

const copiedRows = 150_000;
const columns = 'partner_id, id, event_type, occurred_at, payload';
const table = `CREATE TABLE copy_target (partner_id integer, id uuid, event_type text NOT NULL, occurred_at text NOT NULL, payload text NOT NULL,
  metadata text, trace_parent text, PRIMARY KEY (partner_id, id))`;

type Row = { id: string; payload: string };

const occurredAt = '2026-03-01T12:00:00.000Z';

/** Events with ids as ours are: UUIDv7, in order. */
function copyRows(): Row[] {
  const start = Date.now();
  return Array.from({ length: copiedRows }, (_, row) => {
    const time = (start + Math.floor(row / 100)).toString(16).padStart(12, '0');
    const random = randomBytes(8).toString('hex');
    const id = `${time.slice(0, 8)}-${time.slice(8)}-7${(row % 100).toString(16).padStart(3, '0')}-8${random.slice(1, 4)}-${random.slice(4)}`;
    return { id, payload: payloadText(payloadBytes, `row-${row}`) };
  });
}

async function run({ env, effort }: Context) {
  const { server, partners, url } = await env.shared();
  const rows = copyRows();
  const file = path.join(tmpdir(), `triggers-copy-${process.pid}.tsv`);
  const lines = rows.map(({ id, payload }) => `1\t${id}\torder.created\t${occurredAt}\t${payload}\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
  await withClient(url, (client) => client.query(table));
  const psql = versionOf('psql');
  const copy = async () => {
    await withClient(url, (client) => client.query('TRUNCATE copy_target'));
    const begun = performance.now();
    if (psql)
      await runProgram(
        'psql',
        ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', `\\copy copy_target (${columns}) FROM '${file}'`],
        connectionOf(url),
      );
    else await withClient(url, (client) => copyByDriver(client, rows));
    return speedOnly((copiedRows / (performance.now() - begun)) * 1_000);
  };
  const post = async (size: number) =>
    (
      await measureLoad(env, server.processId(), {
        port: server.port,
        source: { kind: 'batch', size, payloadBytes },
        connections: 8,
        apiKeys: [partners[0]?.apiKey as string],
        durationMs: effort.seconds * 1_000,
        warmUpMs: effort.warmUpSeconds * 1_000,
      })
    ).sample;
  try {
    const [hundred, copied, fiveHundred, alone] = await interleave(effort.rounds, [
      { name: 'batches of 100, 8 connections', run: () => post(100) },
      { name: psql ? 'psql COPY' : 'COPY by the driver', run: copy },
      { name: 'batches of 500, 8 connections', run: () => post(500) },
      {
        name: 'the same tables by the same statement, nothing else',
        run: () => storageAlone(url, partners[0]?.id as number, copiedRows, 500),
      },
    ]);
    if (!hundred || !copied || !fiveHundred || !alone) throw new Error('nothing was measured');
    const share = (a: Measurement, b: Measurement) => ofRounds(a, b, ratioOfSpeed).toFixed(2);
    return {
      measurements: [hundred, fiveHundred, copied, alone],
      checks: [check('batch100', ofRounds(hundred, copied, ratioOfSpeed)), check('batch500', ofRounds(fiveHundred, copied, ratioOfSpeed))],
      notes: [
        `COPY by ${psql ?? 'the driver, because this machine has no psql'}: ${copiedRows} rows in one statement into one table with the same primary key; ours also writes the inbox and commits every batch`,
        `Postgres alone, both tables in transactions of 500, is ${share(alone, copied)} of that COPY: what the ratio would be if HTTP, JSON and checks took no time; batches of 500 reach ${share(fiveHundred, alone)} of it`,
      ],
    };
  } finally {
    await rm(file, { force: true });
  }
}

function copyByDriver(client: pg.Client, rows: Row[]): Promise<void> {
  const message = new CopyMessage([`COPY copy_target (${columns}) FROM STDIN (FORMAT binary)`], rows.length * 400);
  message.beginTable();
  for (const { id, payload } of rows) {
    message.beginRow(5);
    message.integer(1);
    message.uuid(id);
    for (const text of ['order.created', occurredAt, payload]) message.text(text);
  }
  message.endTable();
  return message.send(client);
}

export const batch: Scenario = { name: 'batch', what: "batch ingest of 100 and 500 against Postgres's own COPY of the same rows", run };
