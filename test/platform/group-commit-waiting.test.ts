import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { GroupCommit, QueueFullError, RowExpiredError } from '../../src/platform/group-commit.ts';
import { turn } from './fake-commit.ts';
import { capitals, numbered, queueOf } from './test-queue.ts';

t.test('a row that has left the queue is not held in memory, however long the queue stays busy', async (t) => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const ends: (() => void)[] = [];
  const queue = new GroupCommit<{ n: number }, number>({
    name: 'memory',
    commit: ([row]) => new Promise((resolve) => void ends.push(resolve.bind(null, [row?.n ?? -1]))),
    classify: () => 'bug',
    size: () => 1,
    maxInFlight: 1,
    maxBatchRows: 1,
    maxBatchBytes: 100,
    maxQueuedRows: 100,
    maxQueuedBytes: 100,
    maxRowAgeMs: 3_000,
    now: () => 0,
  });
  const answers: Promise<number>[] = [];
  const submit = (n: number) => {
    const row = { n };
    answers.push(queue.submit(row));
    return new WeakRef(row);
  };
  const rows = [1, 2, 3, 4].map(submit);
  const underWay = async (n: number) => {
    while (ends.length < n) await turn();
    return ends[n - 1] as () => void;
  };
  (await underWay(1))();
  (await underWay(2))();
  const endThird = await underWay(3);
  await turn();
  collectGarbage();
  t.same(
    rows.map((row) => row.deref()?.n),
    [undefined, undefined, 3, 4],
    'the two that are stored are gone; one is under way, and one waits',
  );
  endThird();
  (await underWay(4))();
  t.same(await Promise.all(answers), [1, 2, 3, 4]);
});

t.test('a row whose turn does not come within maxRowAgeMs is refused and never stored', async (t) => {
  const { queue, fake, time } = queueOf({ maxInFlight: 1 });
  const first = queue.submit('a');
  const call = await fake.next();
  const late = t.rejects(queue.submit('b'), RowExpiredError);
  time.now = 1;
  const inTime = queue.submit('c');
  time.now = 3_001;
  t.equal(queue.oldestQueuedMs, 3_001);
  call.succeed(['A']);
  t.equal(await first, 'A');
  await late;
  const next = await fake.next();
  t.same(next.rows, ['c'], 'one that is just within the age goes on');
  next.succeed(['C']);
  t.equal(await inTime, 'C');
  t.equal(queue.oldestQueuedMs, 0);
});

t.test('when all that waits is too old, nothing is committed, and drain resolves', async (t) => {
  const { queue, fake, time } = queueOf({ maxInFlight: 1 });
  const first = queue.submit('k:1');
  const call = await fake.next();
  const outcomes = queue.submitAll(['k:2', 'k:3', 'l:1', 'b']);
  const drained = queue.drain();
  time.now = 3_001;
  call.succeed(['K:1']);
  t.equal(await first, 'K:1');
  for (const { error } of await outcomes) t.type(error, RowExpiredError);
  await drained;
  t.equal(fake.calls.length, 1);
  const after = queue.submit('k:4');
  (await fake.next()).succeed(['K:4']);
  t.equal(await after, 'K:4', 'the identity is free again');
});

t.test('twins behind one that is too old are refused with it or stored, in their order', async (t) => {
  const { queue, fake, time } = queueOf({ maxInFlight: 2 });
  const answers = Promise.allSettled(['k:1', 'k:2'].map((row) => queue.submit(row)));
  const call = await fake.next();
  await turn();
  time.now = 3_000;
  const young = queue.submit('k:3');
  await turn();
  time.now = 3_001;
  call.succeed(['K:1']);
  const next = await fake.next();
  t.same(next.rows, ['k:3']);
  next.succeed(['K:3']);
  t.equal(await young, 'K:3');
  const [first, second] = await answers;
  t.match(first, { value: 'K:1' });
  t.match(second, { reason: { name: 'RowExpiredError' } });
});

t.test('twins that wait are looked at once, and not at every batch of others', async (t) => {
  let asked = 0;
  const { queue, fake } = queueOf({
    maxQueuedRows: 2_000,
    maxQueuedBytes: 100_000,
    identity: (row) => {
      asked += 1;
      return row.startsWith('k') ? 'k' : undefined;
    },
  });
  const twins = queue.submitAll(Array.from({ length: 500 }, (_, n) => `k${n}`));
  const first = await fake.next();
  for (const row of numbered(20)) {
    const other = queue.submit(row);
    (await fake.next()).succeed(capitals([row]));
    await other;
  }
  t.ok(asked < 600, `asked for an identity ${asked} times for 520 rows`);
  first.succeed(['0']);
  for (let n = 1; n < 500; n++) {
    const call = await fake.next();
    if (call.rows[0] !== `k${n}` || call.rows.length > 1) t.fail(`${call.rows} instead of k${n}`);
    call.succeed([`${n}`]);
  }
  t.same(
    await twins,
    Array.from({ length: 500 }, (_, n) => ({ result: `${n}` })),
  );
});

t.test('one owner has at most half of the queue, in rows and in bytes, and the others find room', async (t) => {
  const owner = (row: string) => row.charCodeAt(0);
  for (const [limits, mine, tooMuch, theirs] of [
    [{ maxQueuedRows: 4 }, ['a1', 'a2'], 'a3', ['b1', 'b2']],
    [{ maxQueuedBytes: 20 }, ['a12345678', 'a'], 'a', ['b123456789']],
  ] as const) {
    const { queue, fake } = queueOf({ maxInFlight: 1, owner, ...limits });
    const first = queue.submit('a0');
    const call = await fake.next();
    const answers = mine.map((row) => queue.submit(row));
    await t.rejects(queue.submit(tooMuch), QueueFullError);
    answers.push(...theirs.map((row) => queue.submit(row)));
    await t.rejects(queue.submit('c'), QueueFullError, 'the whole queue has its bound too');
    call.succeed(['A0']);
    await first;
    const next = await fake.next();
    t.same(next.rows, [...mine, ...theirs]);
    next.succeed(capitals(next.rows));
    t.same(await Promise.all(answers), capitals(next.rows));
    const again = queue.submit(tooMuch);
    (await fake.next()).succeed(['again']);
    t.equal(await again, 'again', 'what has left the queue is not counted');
  }
});
