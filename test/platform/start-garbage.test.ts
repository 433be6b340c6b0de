import t from 'tap';
import { collectStartGarbage, heldTick } from '../../src/platform/start-garbage.ts';

t.test('what is held is an object of a tick, not of something else that happened to run', async (t) => {
  t.equal(heldTick(), undefined);
  await collectStartGarbage();
  const held = heldTick() as { callback: unknown };
  t.type(held.callback, 'function');
  await new Promise<void>((resolve) => {
    process.nextTick(() => resolve());
  });
  t.equal(heldTick(), held, 'also later');
});
