import { mock } from 'node:test';
import t, { type Test } from 'tap';
import { PeriodicWriter } from '../../src/platform/periodic-writer.ts';

/** A writer each of whose writes lasts until the test ends it, and the numbers of those that have begun and ended. */
function setUp(t: Test) {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const counts = { begun: 0, ended: 0 };
  let end = () => {};
  const write = async () => {
    t.equal(counts.begun, counts.ended, 'one write at a time');
    counts.begun += 1;
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    counts.ended += 1;
  };
  return { writer: new PeriodicWriter(write, 1_000), counts, endWrite: () => end() };
}

t.test('a flush that finds a write under way waits for one of its own; all that wait share it', async (t) => {
  const { writer, counts, endWrite } = setUp(t);
  const ends: string[] = [];
  const flush = (name: string) => writer.flush().then(() => ends.push(name));
  const first = flush('first');
  t.equal(counts.begun, 1, 'it begins at once');
  const others = [flush('second'), flush('third')];
  endWrite();
  await first;
  t.same(counts, { begun: 2, ended: 1 });
  t.same(ends, ['first']);
  endWrite();
  await Promise.all(others);
  t.same(counts, { begun: 2, ended: 2 });
});

t.test('it writes at every interval, and not again at one that a write outlasts', async (t) => {
  const { writer, counts, endWrite } = setUp(t);
  writer.start();
  mock.timers.tick(999);
  t.equal(counts.begun, 0);
  mock.timers.tick(1);
  t.equal(counts.begun, 1);
  mock.timers.tick(3_000);
  endWrite();
  await new Promise(setImmediate);
  t.same(counts, { begun: 1, ended: 1 });
  mock.timers.tick(1_000);
  t.equal(counts.begun, 2);
  endWrite();
});

t.test('a stop writes once more, after what is under way, and then never again', async (t) => {
  const { writer, counts, endWrite } = setUp(t);
  writer.start();
  mock.timers.tick(1_000);
  const stopped = writer.stop();
  endWrite();
  await new Promise(setImmediate);
  t.same(counts, { begun: 2, ended: 1 });
  endWrite();
  await stopped;
  mock.timers.tick(10_000);
  t.same(counts, { begun: 2, ended: 2 });
});
