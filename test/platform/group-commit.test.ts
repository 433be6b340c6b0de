import t from 'tap';
import { QueueFullError } from '../../src/platform/group-commit.ts';
import { turn } from './fake-commit.ts';
import { capitals, numbered, queueOf } from './test-queue.ts';

t.test('a lone row waits for nothing: it is flushed in the next turn of the event loop', async (t) => {
  const { queue, fake, batches } = queueOf();
  const { setTimeout } = globalThis;
  let timers = 0;
  globalThis.setTimeout = ((callback: () => void, ms: number) => {
    timers += 1;
    return setTimeout(callback, ms);
  }) as typeof setTimeout;
  const answer = queue.submit('a');
  await turn();
  globalThis.setTimeout = setTimeout;
  t.equal(timers, 0, 'no timer stands between a row and its commit');
  t.equal(fake.calls.length, 1);
  const call = await fake.next();
  t.same(call.rows, ['a']);
  call.succeed(['A']);
  t.equal(await answer, 'A');
  t.same(batches, [{ rows: 1, trigger: 'idle' }]);
});

t.test('rows of one turn share a commit, and each gets its own result', async (t) => {
  const { queue, fake } = queueOf();
  const answers = Promise.all(['a', 'b', 'c'].map((row) => queue.submit(row)));
  const call = await fake.next();
  t.same(call.rows, ['a', 'b', 'c']);
  call.succeed(['A', 'B', 'C']);
  t.same(await answers, ['A', 'B', 'C']);
});

t.test('nothing is answered before its commit', async (t) => {
  const { queue, fake } = queueOf();
  let answered = false;
  const answer = queue.submit('a').then(() => {
    answered = true;
  });
  const call = await fake.next();
  await turn();
  t.equal(answered, false);
  call.succeed(['A']);
  await answer;
  t.equal(answered, true);
});

t.test('at most maxInFlight batches are under way, and the batch that waits grows with the load', async (t) => {
  const { queue, fake, batches } = queueOf();
  const answers: Promise<string>[] = [];
  for (const row of ['a', 'b']) {
    answers.push(queue.submit(row));
    await turn();
  }
  const [first, second] = [await fake.next(), await fake.next()];
  for (const row of numbered(7)) {
    answers.push(queue.submit(row));
    await turn();
  }
  t.equal(fake.calls.length, 2, 'seven turns later there is still no third commit');
  t.equal(queue.inFlight, 2);
  t.equal(queue.queuedRows, 7);
  first.succeed(['A']);
  const third = await fake.next();
  t.same(third.rows, numbered(7), 'what gathered meanwhile goes in one batch');
  second.succeed(['B']);
  third.succeed(capitals(third.rows));
  t.same(await Promise.all(answers), capitals(['a', 'b', ...numbered(7)]));
  t.same(
    batches.map(({ trigger }) => trigger),
    ['idle', 'idle', 'completed'],
  );
});

t.test('a batch has at most maxBatchRows rows, in the order of submission', async (t) => {
  const { queue, fake, batches } = queueOf();
  const answers = Promise.all(numbered(25).map((row) => queue.submit(row)));
  const [first, second] = [await fake.next(), await fake.next()];
  t.same(first.rows, numbered(10));
  t.same(second.rows, numbered(10, 10));
  first.succeed(capitals(first.rows));
  second.succeed(capitals(second.rows));
  const third = await fake.next();
  t.same(third.rows, numbered(5, 20));
  third.succeed(capitals(third.rows));
  t.same(await answers, capitals(numbered(25)));
  t.same(batches.slice(0, 2), [
    { rows: 10, trigger: 'full' },
    { rows: 10, trigger: 'full' },
  ]);
});

t.test('a batch has at most maxBatchBytes bytes, but a larger row goes alone', async (t) => {
  const { queue, fake } = queueOf({ maxBatchBytes: 10, maxInFlight: 1 });
  const rows = ['aaaa', 'bbbb', 'cccc', 'd'.repeat(50), 'e'];
  const answers = Promise.all(rows.map((row) => queue.submit(row)));
  for (const expected of [['aaaa', 'bbbb'], ['cccc'], ['d'.repeat(50)], ['e']]) {
    const call = await fake.next();
    t.same(call.rows, expected);
    call.succeed(capitals(call.rows));
  }
  t.same(await answers, capitals(rows));
});

t.test('a full queue refuses at once, and takes rows again when there is room', async (t) => {
  const { queue, fake } = queueOf({ maxQueuedRows: 2, maxInFlight: 1 });
  const first = queue.submit('a');
  const call = await fake.next();
  const waiting = [queue.submit('b'), queue.submit('c')];
  await t.rejects(queue.submit('d'), QueueFullError);
  t.equal(fake.calls.length, 1, 'the refusal waited for no commit');
  call.succeed(['A']);
  t.equal(await first, 'A');
  const next = await fake.next();
  t.same(next.rows, ['b', 'c'], 'the refused row is not stored');
  const late = queue.submit('e');
  next.succeed(['B', 'C']);
  (await fake.next()).succeed(['E']);
  t.same(await Promise.all([...waiting, late]), ['B', 'C', 'E']);
});

t.test('the queue is bounded in bytes too', async (t) => {
  const { queue, fake } = queueOf({ maxQueuedBytes: 10, maxInFlight: 1 });
  const first = queue.submit('aaaaa');
  const call = await fake.next();
  const second = queue.submit('bbbbb');
  await t.rejects(queue.submit('cccccc'), QueueFullError);
  const third = queue.submit('ddddd');
  call.succeed(['A']);
  const next = await fake.next();
  t.same(next.rows, ['bbbbb', 'ddddd']);
  next.succeed(['B', 'D']);
  t.same(await Promise.all([first, second, third]), ['A', 'B', 'D']);
});

t.test('two rows of one identity are never in one batch, nor in two batches at once; others pass them', async (t) => {
  const { queue, fake } = queueOf();
  const answers = Promise.all(['k:1', 'k:2', 'other', 'l:1'].map((row) => queue.submit(row)));
  const first = await fake.next();
  t.same(first.rows, ['k:1', 'other', 'l:1']);
  const passing = queue.submit('later');
  const second = await fake.next();
  t.same(second.rows, ['later'], 'a free batch does not take the twin');
  second.succeed(['LATER']);
  t.equal(await passing, 'LATER');
  await turn();
  t.equal(fake.calls.length, 2);
  first.succeed(capitals(first.rows));
  const third = await fake.next();
  t.same(third.rows, ['k:2']);
  third.succeed(['K:2']);
  t.same(await answers, ['K:1', 'K:2', 'OTHER', 'L:1']);
});

t.test('rows of one request share a commit with those of others', async (t) => {
  const { queue, fake } = queueOf();
  const outcomes = queue.submitAll(['a', 'b']);
  const single = queue.submit('c');
  const call = await fake.next();
  t.same(call.rows, ['a', 'b', 'c']);
  call.succeed(['A', 'B', 'C']);
  t.same(await outcomes, [{ result: 'A' }, { result: 'B' }]);
  t.equal(await single, 'C');
});

t.test('drain resolves at once when there is nothing to do, and else when the last row is answered', async (t) => {
  const { queue, fake } = queueOf({ maxInFlight: 1 });
  await queue.drain();
  const order: string[] = [];
  const answers = [queue.submit('k:1'), queue.submit('k:2')].map((answer) => answer.then((result) => order.push(result)));
  const drained = queue.drain().then(() => order.push('drained'));
  (await fake.next()).succeed(['first']);
  await answers[0];
  t.same(order, ['first']);
  (await fake.next()).succeed(['second']);
  await Promise.all([...answers, drained]);
  t.same(order, ['first', 'second', 'drained']);
});
