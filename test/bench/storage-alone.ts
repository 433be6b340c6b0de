import type pg from 'pg';
import { copyEvents, type EventRow } from '../../src/modules/ingestion/store.ts';
import { spanOf } from '../../src/platform/byte-span.ts';
import { createIdGenerator } from '../../src/platform/event-id.ts';
import { eventAttributes } from '../../src/platform/event-json.ts';
import { withClient } from '../faults/provision.ts';
import { payloadText } from '../load/requests.ts';
import { type Sample, speedOnly } from './measure.ts';
import { payloadBytes } from './scenario.ts';

/** Transactions under way at once, as many as the server's writer has. */
const connections = 2;

/**
 * How fast Postgres takes events by the server's own statement, rows ready, nobody else at work: no HTTP, no JSON, no checks. No server that keeps
 * the same tables can be faster on the same machine.
 */
export async function storageAlone(url: string, partnerId: number, rows: number, batchRows: number): Promise<Sample> {
  const batches = Array.from({ length: Math.ceil(rows / batchRows) }, () => eventRows(partnerId, batchRows));
  return withClient(url, (first) =>
    withClient(url, async (second) => {
      const clients: pg.Client[] = [first, second].slice(0, connections);
      const begun = performance.now();
      await Promise.all(
        clients.map(async (client) => {
          for (let batch = batches.pop(); batch; batch = batches.pop()) await copyEvents(client, batch);
        }),
      );
      return speedOnly((rows / (performance.now() - begun)) * 1_000);
    }),
  );
}

const nextId = createIdGenerator(Date.now);

function eventRows(partnerId: number, count: number): EventRow[] {
  return Array.from({ length: count }, (_, row) => ({
    partnerId,
    id: nextId(),
    eventType: 'order.created',
    attributes: eventAttributes({
      eventType: 'order.created',
      timestamp: '2026-03-01T12:00:00.000Z',
      metadata: null,
      traceParent: null,
    }),
    payload: spanOf(payloadText(payloadBytes, `row-${row}`)),
    idempotencyKey: null,
    fingerprint: null,
  }));
}
