import type { FastifyReply, FastifyRequest } from 'fastify';
import type pg from 'pg';
import t from 'tap';
import { postBatch } from '../../../src/modules/ingestion/batch.ts';
import type { WriteOutcome } from '../../../src/modules/ingestion/batch-writer.ts';
import type { EventRow } from '../../../src/modules/ingestion/store.ts';
import { ApiError } from '../../../src/pipeline/errors/catalogue.ts';
import type { MonthlyQuota } from '../../../src/pipeline/limits/quota.ts';
import { createIdGenerator } from '../../../src/platform/event-id.ts';
import type { GroupCommit, Outcome } from '../../../src/platform/group-commit.ts';

type SubmitAll = (rows: EventRow[]) => Promise<Outcome<WriteOutcome>[]>;
const accept: SubmitAll = async (rows) => rows.map(({ id }) => ({ result: { status: 'accepted', eventId: id } }));

/** The handler with everything around it in the test's hand; `open` is what is reserved of the quota and not settled. */
function handler(submitAll: SubmitAll = accept, nextId = createIdGenerator(Date.now)) {
  const submitted: EventRow[] = [];
  const account = { open: 0, used: 0 };
  const quota: Pick<MonthlyQuota, 'remaining' | 'reserve' | 'settle'> = {
    remaining: () => 1_000,
    reserve(_partner, _quota, wanted) {
      account.open += wanted;
      return wanted;
    },
    settle(_partner, reserved, accepted) {
      account.open -= reserved;
      account.used += accepted;
    },
  };
  const handle = postBatch({
    writer: {
      submitAll(rows: EventRow[]) {
        submitted.push(...rows);
        return submitAll(rows);
      },
    } as GroupCommit<EventRow, WriteOutcome>,
    pool: {} as pg.Pool,
    clock: Date.now,
    quota: quota as MonthlyQuota,
    quotaExceeded: () => new ApiError('quota_exceeded'),
    nextId,
    onEvents: () => {},
  });
  return { post, submitted, account };

  async function post(items: object[]) {
    const bodyText = JSON.stringify(items);
    const request = {
      principal: { partnerId: 1, monthlyQuota: 1_000 },
      headers: {},
      body: items,
      bodyText,
      bodyIsDeep: false,
      routeOptions: { config: {} },
      log: { warn: () => {}, error: () => {} },
    };
    const sent: { status?: number; text?: string } = {};
    const reply = {
      status(status: number) {
        sent.status = status;
        return reply;
      },
      type: () => reply,
      send(text: string) {
        sent.text = text;
        return reply;
      },
    };
    await handle(request as unknown as FastifyRequest, reply as unknown as FastifyReply);
    return { status: sent.status, json: JSON.parse(sent.text ?? '') };
  }
}

const keyed = (n: number, idempotency_key: string) => ({ event_type: 'a', payload: { n }, idempotency_key });

t.test('of 500 items with one key one is written: the others are answered from it', async (t) => {
  const { post, submitted, account } = handler();
  const { status, json } = await post(Array.from({ length: 500 }, () => keyed(1, 'k')));
  t.equal(submitted.length, 1);
  t.equal(status, 200);
  t.match(json, { accepted: 1, duplicates: 499, failed: 0 });
  t.same(new Set(json.results.map(({ event_id }: { event_id: string }) => event_id)), new Set([`evt_${submitted[0]?.id}`]));
  t.same(account, { open: 0, used: 1 });
});

t.test('a twin of an item that could not be stored fails as that does', async (t) => {
  const { post, submitted } = handler(async (rows) =>
    rows.map(({ id }, index) => (index === 1 ? { error: new ApiError('unavailable') } : { result: { status: 'accepted', eventId: id } })),
  );
  const { status, json } = await post([keyed(1, 'k'), keyed(2, 'l'), keyed(1, 'k'), keyed(2, 'l'), keyed(3, 'm')]);
  t.same(
    submitted.map(({ idempotencyKey }) => idempotencyKey),
    ['k', 'l', 'm'],
  );
  t.equal(status, 207);
  t.same(
    json.results.map((result: { status: string; error?: { code: string } }) => result.error?.code ?? result.status),
    ['accepted', 'unavailable', 'duplicate', 'unavailable', 'accepted'],
  );
});

t.test('a write that fails as a whole hands back what it reserved of the quota', async (t) => {
  const broken = new Error('broken');
  const { post, account } = handler(() => Promise.reject(broken));
  await t.rejects(post([keyed(1, 'k')]), broken);
  t.same(account, { open: 0, used: 0 });
});

t.test('an error of ours is not taken for the item’s fault', async (t) => {
  const broken = new TypeError('broken');
  const { post, submitted } = handler(accept, () => {
    throw broken;
  });
  await t.rejects(post([keyed(1, 'k')]), broken);
  t.equal(submitted.length, 0);
});
