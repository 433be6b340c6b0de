import t from 'tap';
import { PacedLooks } from '../../../src/modules/inbox-stats/paced-looks.ts';

/** A look that is ended by the test. */
function looker(looks: PacedLooks<number>) {
  const begun: (() => void)[] = [];
  const waiting: (() => void)[] = [];
  const read = () =>
    new Promise<number>((resolve) => {
      const number = begun.push(() => resolve(number));
      waiting.shift()?.();
    });
  return {
    begun,
    read,
    ask: () => looks.look('a', read),
    /** Resolves when the next look begins. */
    next: () => new Promise<void>((resolve) => void waiting.push(resolve)),
  };
}

/** Keeps the thread for so many milliseconds, which is how long the look that is under way then took. */
function spend(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

t.test('who asks while a look is under way shares the next one, which begins after that', async (t) => {
  const { begun, ask, next } = looker(new PacedLooks());
  const beginning = next();
  const first = [ask(), ask()];
  await beginning;
  const later = [ask(), ask(), ask()];
  t.equal(begun.length, 1, 'no second look beside the first');
  begun[0]?.();
  t.same(await Promise.all(first), [1, 1]);
  await next();
  begun[1]?.();
  t.same(await Promise.all(later), [2, 2, 2]);
});

t.test('a look is followed by a pause of four times its duration', async (t) => {
  const { begun, ask, next } = looker(new PacedLooks());
  const beginning = next();
  const first = ask();
  await beginning;
  spend(20);
  begun[0]?.();
  await first;
  const ended = performance.now();
  const [again, second] = [next(), ask()];
  await again;
  t.ok(performance.now() - ended > 75, 'a fifth of the time is spent at most');
  begun[1]?.();
  t.equal(await second, 2);
});

t.test('the pause has a longest', async (t) => {
  const { begun, ask, next } = looker(new PacedLooks(60));
  const beginning = next();
  const first = ask();
  await beginning;
  spend(200);
  begun[0]?.();
  await first;
  const ended = performance.now();
  const [again, second] = [next(), ask()];
  await again;
  const pauseMs = performance.now() - ended;
  t.ok(pauseMs > 55 && pauseMs < 600, `${pauseMs} ms`);
  begun[1]?.();
  await second;
});

t.test('a failed look fails for those who shared it alone', async (t) => {
  const looks = new PacedLooks<number>();
  const failing = [1, 2].map(() => looks.look('a', () => Promise.reject(new Error('down'))));
  for (const look of failing) await t.rejects(look, /down/);
  t.equal(await looks.look('a', async () => 7), 7);
});

t.test('keys do not wait for each other, and those that are idle are forgotten', async (t) => {
  const looks = new PacedLooks<number>();
  const { read, begun, next } = looker(looks);
  const beginning = next();
  const slow = looks.look('slow', read);
  await beginning;
  for (let key = 0; key < 10_100; key++) t.equal(await looks.look(`${key}`, async () => key), key);
  begun[0]?.();
  t.equal(await slow, 1, 'one that is under way is not');
});
