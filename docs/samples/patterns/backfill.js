// Sends what was there before:  node backfill.js orders.jsonl
//
// A line such as {"id": 1001} for each order. Run it again within your retention (72 hours unless it was changed): what is
// stored is not stored twice. After that its keys are forgotten, and it would store everything anew: keep how far it came, as sync does.
import { open } from 'node:fs/promises';
import { call, run, sleep } from './call.js';

/** At most 500 events and 4 MiB in each. */
async function* batches(path) {
  let batch = [];
  let size = 0;
  for await (const line of (await open(path)).readLines()) {
    const order = JSON.parse(line);
    const event = { event_type: 'order.imported', payload: order, idempotency_key: `order-${order.id}-imported` };
    const length = Buffer.byteLength(JSON.stringify(event)) + 1;
    if (batch.length > 0 && (batch.length === 500 || size + length > 4_000_000)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(event);
    size += length;
  }
  if (batch.length > 0) yield batch;
}

async function backfill(path) {
  const counts = { accepted: 0, duplicate: 0, failed: 0 };
  for await (let batch of batches(path)) {
    for (let attempt = 1; batch.length > 0; attempt += 1) {
      if (attempt > 1) await sleep(Math.random() * Math.min(30, 0.25 * 2 ** attempt));
      const again = [];
      const { results } = await call('POST', '/v1/events/batch', { events: batch });
      for (const { index, status, error } of results) {
        if (error?.retryable && attempt < 8) {
          again.push(batch[index]);
          continue;
        }
        counts[status] += 1;
        if (error) console.error(`${batch[index].idempotency_key}: ${error.code} ${error.detail}`);
      }
      batch = again;
    }
  }
  console.log(`${counts.accepted} accepted, ${counts.duplicate} duplicates, ${counts.failed} failed`);
  return counts.failed > 0 ? 1 : 0;
}

await run(() => backfill(process.argv[2]));
