import t from 'tap';
import type { Grant } from '../../../src/pipeline/limits/token-bucket.ts';
import { type BurstState, TokenLeases } from '../../../src/pipeline/limits/token-leases.ts';
import type { TokenRequest } from '../../../src/pipeline/limits/token-source.ts';

/** A source whose answers the test gives, one after the other. */
function start() {
  const state = { now: 0 };
  const questions: (TokenRequest & { answer: (grant: Grant) => void; fail: (error: Error) => void })[] = [];
  const source = {
    take: (request: TokenRequest) => new Promise<Grant>((answer, fail) => void questions.push({ ...request, answer, fail })),
  };
  const leases = new TokenLeases(source, () => state.now);
  const take = (partnerId = 1) =>
    new Promise<BurstState>((resolve, reject) =>
      leases.take({ partnerId, ratePerSecond: 100, burst: 100 }, (burst, error) => (burst ? resolve(burst) : reject(error))),
    );
  return { state, questions, take };
}
const grant = (granted: number, remaining = 90, waitMs = 0): Grant => ({ granted, remaining, waitMs });

t.test('a leased token is used without a question', async (t) => {
  const { questions, take } = start();
  const first = take();
  questions[0]?.answer(grant(3));
  t.same(await first, { allowed: true, remaining: 92, waitMs: 0 });
  t.same([(await take()).remaining, (await take()).remaining], [91, 90], 'the remaining tokens count those that are leased');
  t.equal(questions.length, 1);
  void take();
  t.equal(questions.length, 2);
});

t.test('requests that wait for an answer share the next question', async (t) => {
  const { questions, take } = start();
  const first = take();
  const others = [take(), take(), take()];
  t.equal(questions.length, 1);
  questions[0]?.answer(grant(1));
  await first;
  t.equal(questions.length, 2);
  t.equal(questions[1]?.need, 3);
  questions[1]?.answer(grant(2, 0, 700));
  t.same(
    (await Promise.all(others)).map(({ allowed }) => allowed),
    [true, true, false],
    'in their order',
  );
});

t.test('a leased token is forgotten after a second', async (t) => {
  const { state, questions, take } = start();
  const first = take();
  questions[0]?.answer(grant(10));
  await first;
  state.now = 999;
  await take();
  t.equal(questions.length, 1);
  state.now = 1_000;
  void take();
  t.equal(questions.length, 2);
});

t.test('partners share neither leases nor questions', async (t) => {
  const { questions, take } = start();
  const first = take(1);
  questions[0]?.answer(grant(10));
  await first;
  void take(2);
  t.equal(questions[1]?.partnerId, 2);
});

t.test('an error reaches those who asked, and the next request asks again', async (t) => {
  const { questions, take } = start();
  const first = take();
  questions[0]?.fail(new Error('broken'));
  await t.rejects(first, { message: 'broken' });
  const second = take();
  questions[1]?.answer(grant(1));
  t.equal((await second).allowed, true);
});
