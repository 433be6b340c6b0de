import t from 'tap';
import { type TokenSource, withFallback } from '../../../src/pipeline/limits/token-source.ts';

const request = { partnerId: 1, rate: 100, burst: 100, need: 1 };

function start() {
  const state = { now: 0, working: true, asked: 0, changes: [] as boolean[] };
  const primary: TokenSource = {
    async take() {
      state.asked += 1;
      if (!state.working) throw new Error('away');
      return { granted: 1, remaining: 1, waitMs: 0 };
    },
  };
  const fallback: TokenSource = { take: async () => ({ granted: 1, remaining: 2, waitMs: 0 }) };
  const source = withFallback(primary, fallback, {
    pauseMs: 1_000,
    clock: () => state.now,
    onChange: (open) => void state.changes.push(open),
  });
  const from = async () => ((await source.take(request)).remaining === 1 ? 'primary' : 'fallback');
  return { state, source, from };
}

t.test('the request that finds the primary dead is answered by the fallback, and opens the breaker', async (t) => {
  const { state, from } = start();
  t.equal(await from(), 'primary');
  state.working = false;
  t.equal(await from(), 'fallback');
  t.same(state.changes, [true]);
});

t.test('an open breaker asks the primary once a second, however many requests there are', async (t) => {
  const { state, source, from } = start();
  state.working = false;
  await from();
  t.equal(state.asked, 1);
  state.now = 999;
  await Promise.all(Array.from({ length: 50 }, () => source.take(request)));
  t.equal(state.asked, 1);
  state.now = 1_000;
  await Promise.all(Array.from({ length: 50 }, () => source.take(request)));
  t.equal(state.asked, 2);
  t.same(state.changes, [true], 'and says nothing new');
});

t.test('the breaker closes with the first answer of the primary', async (t) => {
  const { state, from } = start();
  state.working = false;
  await from();
  state.working = true;
  t.equal(await from(), 'fallback');
  state.now = 1_000;
  t.equal(await from(), 'primary');
  t.equal(await from(), 'primary');
  t.same(state.changes, [true, false]);
});

t.test('told that the primary is back, the breaker closes before its pause is over, and says so once', async (t) => {
  const { state, source, from } = start();
  source.tryAgain();
  t.same(state.changes, [], 'a closed one has nothing to say');
  state.working = false;
  await from();
  state.working = true;
  source.tryAgain();
  t.same(state.changes, [true, false]);
  t.equal(await from(), 'primary');
  t.same(state.changes, [true, false]);
});
