import t from 'tap';
import { SharedLooks } from '../../../src/modules/inbox/shared-looks.ts';

/** Looks that end when the test says so. */
function controlledLooks() {
  const looks: PromiseWithResolvers<string>[] = [];
  const shared = new SharedLooks<string>();
  const ask = (key = 'a') =>
    shared.look(key, () => {
      const look = Promise.withResolvers<string>();
      looks.push(look);
      return look.promise;
    });
  return { looks, ask };
}

t.test('who comes while a look is under way gets the page of a later one, and all of them the same', async (t) => {
  const { looks, ask } = controlledLooks();
  const first = ask();
  const late = [ask(), ask(), ask()];
  t.equal(looks.length, 1, 'the later look waits for the first');
  looks[0]?.resolve('old');
  t.equal(await first, 'old');
  await new Promise(setImmediate);
  t.equal(looks.length, 2, 'one look for the three');
  looks[1]?.resolve('new');
  t.same(await Promise.all(late), ['new', 'new', 'new']);
});

t.test('different questions do not wait for one another', async (t) => {
  const { looks, ask } = controlledLooks();
  const answers = [ask('a'), ask('b')];
  t.equal(looks.length, 2);
  looks[1]?.resolve('b');
  t.equal(await answers[1], 'b');
  looks[0]?.resolve('a');
  t.equal(await answers[0], 'a');
});

t.test('a look that fails fails those it was for, and the next begins all the same', async (t) => {
  const { looks, ask } = controlledLooks();
  const first = ask();
  const late = ask();
  looks[0]?.reject(new Error('connection lost'));
  await t.rejects(first, { message: 'connection lost' });
  await new Promise(setImmediate);
  looks[1]?.resolve('page');
  t.equal(await late, 'page');
});

t.test('after a look has ended, the next question begins one at once', async (t) => {
  const { looks, ask } = controlledLooks();
  const first = ask();
  looks[0]?.resolve('1');
  t.equal(await first, '1');
  await new Promise(setImmediate);
  const second = ask();
  t.equal(looks.length, 2);
  looks[1]?.resolve('2');
  t.equal(await second, '2');
});
