import t from 'tap';
import { QueueFullError } from '../../src/platform/group-commit.ts';
import { bugFault, dataFault, given, queueOf, retryFault } from './test-queue.ts';

t.test('a retryable fault is tried again with the same rows, until it succeeds', async (t) => {
  const { queue, fake } = queueOf();
  const answers = Promise.all(['a', 'b'].map((row) => queue.submit(row)));
  for (const attempt of [1, 2]) {
    const call = await fake.next();
    t.same(given(call), { rows: ['a', 'b'], attempt });
    call.fail(retryFault);
  }
  const last = await fake.next();
  t.same(given(last), { rows: ['a', 'b'], attempt: 3 });
  last.succeed(['A', 'B']);
  t.same(await answers, ['A', 'B']);
});

t.test('a row is retried for maxRowAgeMs and then refused with the fault', async (t) => {
  const { queue, fake, time } = queueOf();
  const answers = ['a', 'b'].map((row) => t.rejects(queue.submit(row), retryFault));
  (await fake.next()).fail(retryFault);
  const second = await fake.next();
  time.now = 3_000;
  second.fail(retryFault);
  await Promise.all(answers);
  t.equal(fake.calls.length, 2);
  t.equal(queue.queuedRows + queue.inFlight, 0);
});

t.test('one bad row never fails its neighbours: after a data fault each row goes alone, and only the culprit is refused', async (t) => {
  const { queue, fake } = queueOf();
  const answers = ['a', 'poison', 'c'].map((row) => queue.submit(row));
  answers[1]?.catch(() => {});
  (await fake.next()).fail(dataFault);
  for (const row of ['a', 'poison', 'c']) {
    const call = await fake.next();
    t.same(given(call), { rows: [row], attempt: 1 });
    if (row === 'poison') call.fail(dataFault);
    else call.succeed([row.toUpperCase()]);
  }
  t.equal(await answers[0], 'A');
  t.equal(await answers[2], 'C');
  await t.rejects(answers[1] as Promise<string>, dataFault);
});

t.test('a row that goes alone goes on counting attempts: what an earlier one has stored is still to be expected', async (t) => {
  const { queue, fake } = queueOf();
  const answers = Promise.all(['a', 'b'].map((row) => queue.submit(row)));
  (await fake.next()).fail(retryFault);
  const second = await fake.next();
  t.equal(second.attempt, 2);
  second.fail(dataFault);
  for (const row of ['a', 'b']) {
    const call = await fake.next();
    t.same(given(call), { rows: [row], attempt: 2 });
    call.succeed([row.toUpperCase()]);
  }
  t.same(await answers, ['A', 'B']);
});

t.test('a row that went alone is still retried', async (t) => {
  const { queue, fake } = queueOf();
  const answers = Promise.all(['a', 'b'].map((row) => queue.submit(row)));
  (await fake.next()).fail(dataFault);
  (await fake.next()).fail(retryFault);
  const again = await fake.next();
  t.same(given(again), { rows: ['a'], attempt: 2 });
  again.succeed(['A']);
  (await fake.next()).succeed(['B']);
  t.same(await answers, ['A', 'B']);
});

t.test('any other fault refuses every row of the batch and is not tried again', async (t) => {
  const { queue, fake } = queueOf();
  const answers = ['a', 'b'].map((row) => t.rejects(queue.submit(row), bugFault));
  (await fake.next()).fail(bugFault);
  await Promise.all(answers);
  t.equal(fake.calls.length, 1);
  const after = queue.submit('c');
  (await fake.next()).succeed(['C']);
  t.equal(await after, 'C', 'the queue goes on');
});

t.test('twins are stored in the order in which they came, also when the first fails', async (t) => {
  const { queue, fake } = queueOf();
  const first = t.rejects(queue.submit('k:1'), bugFault);
  const others = [queue.submit('k:2'), queue.submit('k:3')];
  (await fake.next()).fail(bugFault);
  await first;
  for (const row of ['k:2', 'k:3']) {
    const call = await fake.next();
    t.same(call.rows, [row]);
    call.succeed([row.toUpperCase()]);
  }
  t.same(await Promise.all(others), ['K:2', 'K:3']);
});

t.test('many rows at once are answered together, each with its outcome, in their order, and none fails another', async (t) => {
  const { queue, fake } = queueOf({ maxQueuedRows: 4, maxInFlight: 1 });
  t.same(await queue.submitAll([]), []);
  const outcomes = queue.submitAll(['k:1', 'poison', 'k:2', 'c', 'too many']);
  const shared = await fake.next();
  t.same(shared.rows, ['k:1', 'poison', 'c']);
  shared.fail(dataFault);
  (await fake.next()).succeed(['K:1']);
  (await fake.next()).fail(dataFault);
  (await fake.next()).succeed(['C']);
  let answered = false;
  void outcomes.then(() => {
    answered = true;
  });
  const last = await fake.next();
  t.same(last.rows, ['k:2']);
  t.equal(answered, false, 'not before the last row is stored');
  last.succeed(['K:2']);
  const [first, poison, second, third, refused] = await outcomes;
  t.same([first, second, third], [{ result: 'K:1' }, { result: 'K:2' }, { result: 'C' }]);
  t.equal(poison?.error, dataFault);
  t.type(refused?.error, QueueFullError);
});

t.test('when a row that went alone was retried in vain, the rest is refused with its fault and not tried one by one', async (t) => {
  const { queue, fake, time } = queueOf();
  const outcomes = queue.submitAll(['a', 'b', 'c', 'd']);
  (await fake.next()).fail(dataFault);
  (await fake.next()).succeed(['A']);
  const hanging = await fake.next();
  t.same(hanging.rows, ['b']);
  time.now = 3_000;
  hanging.fail(retryFault);
  const [first, ...refused] = await outcomes;
  t.same(first, { result: 'A' });
  for (const { error } of refused) t.equal(error, retryFault);
  t.equal(fake.calls.length, 3, 'c and d were not tried');
});
