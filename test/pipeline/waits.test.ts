import t from 'tap';
import { Waits } from '../../src/pipeline/waits.ts';
import { createWakeups } from '../../src/platform/wakeups.ts';

const never = new AbortController().signal;

t.test('a wake-up during the pause is not lost: the wait goes on when the pause is over', async (t) => {
  const wakeups = createWakeups();
  const wait = new Waits(wakeups).begin(1, 30_000, never);
  t.teardown(() => wait.end());
  wakeups.wake([1]);
  const begun = performance.now();
  await wait.next(60);
  t.ok(performance.now() - begun >= 55, 'not before the pause');
  t.ok(wait.open);
});

t.test('without a pause a wake-up that came before the sleep ends it at once', async (t) => {
  const wakeups = createWakeups();
  const wait = new Waits(wakeups).begin(1, 30_000, never);
  t.teardown(() => wait.end());
  wakeups.wake([1]);
  await wait.next(0);
  t.ok(wait.open);
});

t.test('a drain does not wait for a pause', async (t) => {
  const wakeups = createWakeups();
  const waits = new Waits(wakeups);
  const wait = waits.begin(1, 30_000, never);
  t.teardown(() => wait.end());
  wakeups.wake([1]);
  const next = wait.next(1_000_000);
  await new Promise(setImmediate);
  waits.drain();
  await next;
  t.notOk(wait.open);
});

t.test('a client that goes away during a pause ends the wait', async (t) => {
  const wakeups = createWakeups();
  const gone = new AbortController();
  const wait = new Waits(wakeups).begin(1, 30_000, gone.signal);
  t.teardown(() => wait.end());
  wakeups.wake([1]);
  const next = wait.next(1_000_000);
  await new Promise(setImmediate);
  gone.abort();
  await next;
  t.notOk(wait.open);
});

t.test('a wait goes on when what the last look saw is due, and not before', async (t) => {
  const wait = new Waits(createWakeups()).begin(1, 30_000, never);
  t.teardown(() => wait.end());
  const begun = performance.now();
  await wait.next(0, 80);
  const waited = performance.now() - begun;
  t.ok(waited >= 78 && waited < 1_500, `${waited} ms: before the safety poll`);
  await wait.next(0, -5);
  t.ok(performance.now() - begun < 1_500, 'at once when it is due already');
  t.ok(wait.open);
});

t.test('a moment of an earlier look does not end a later sleep', async (t) => {
  const wakeups = createWakeups();
  const wait = new Waits(wakeups).begin(1, 30_000, never);
  t.teardown(() => wait.end());
  wakeups.wake([1]);
  await wait.next(0, 50);
  const begun = performance.now();
  await wait.next(0, 300);
  t.ok(performance.now() - begun >= 298);
});
