import t from 'tap';
import { issueKey } from '../../../src/modules/partners/store.ts';
import { generateKey } from '../../../src/pipeline/auth/key-format.ts';
import { pepper, startAuthApp } from './auth-app.ts';

const limit = 5;
const wrong = () => ({ 'x-api-key': generateKey('beta', 'acme') });

t.test('an address may fail so often in a minute; then it is answered 429 before any look-up', async (t) => {
  const { send, failures } = await startAuthApp(t, { failuresPerMinute: limit });
  for (let index = 0; index < limit; index += 1) t.equal((await send('/read', wrong())).status, 401);
  const answer = await send('/read', wrong());
  t.match(answer, { status: 429, body: { code: 'rate_limited', retryable: true } });
  const seconds = Number(answer.headers['retry-after']);
  t.ok(seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`);
  t.same(failures, [...Array(limit).fill('unknown'), 'throttled'], 'the last was not looked up');
});

t.test('malformed keys count too, a missing key does not', async (t) => {
  const { send } = await startAuthApp(t, { failuresPerMinute: limit });
  for (let index = 0; index < 3 * limit; index += 1) t.equal((await send('/read')).status, 401);
  for (let index = 0; index < limit; index += 1) t.equal((await send('/read', { 'x-api-key': 'hello' })).status, 401);
  t.equal((await send('/read', { 'x-api-key': 'hello' })).status, 429);
});

t.test('of many failures at once no more are told 401 than one after the other', async (t) => {
  const { send } = await startAuthApp(t, { failuresPerMinute: limit });
  const answers = await Promise.all(Array.from({ length: 30 }, () => send('/read', wrong())));
  t.equal(answers.filter(({ status }) => status === 401).length, limit);
  t.equal(answers.filter(({ status }) => status === 429).length, 30 - limit);
});

t.test('a key in use is not hurt by failures from its own address, also when its age makes a look-up due', async (t) => {
  const { db, send, elapsed } = await startAuthApp(t, { failuresPerMinute: limit });
  const used = { 'x-api-key': (await issueKey(db, { pepper }, { slug: 'acme' })).api_key };
  const unused = { 'x-api-key': (await issueKey(db, { pepper }, { slug: 'acme' })).api_key };
  // A look-up during which the issuing of the keys is heard of is not remembered: the later ones are.
  for (let index = 0; index < 3; index += 1) t.equal((await send('/read', used)).status, 200);
  for (let index = 0; index <= limit; index += 1) await send('/read', wrong());
  t.equal((await send('/read', wrong())).status, 429);
  t.equal((await send('/read', used)).status, 200);
  elapsed.ms += 60_000;
  t.equal((await send('/read', used)).status, 200);
  t.equal((await send('/read', unused)).status, 429, 'but a key that was never seen is not looked up for this address');
});

t.test('successes, missing scopes and public routes use up nothing', async (t) => {
  const { db, send } = await startAuthApp(t, { failuresPerMinute: limit });
  const writer = { 'x-api-key': (await issueKey(db, { pepper }, { slug: 'acme', scopes: ['events:write'] })).api_key };
  for (let index = 0; index < 2 * limit; index += 1) {
    t.equal((await send('/write', writer)).status, 200);
    t.equal((await send('/read', writer)).status, 403);
    t.equal((await send('/public', wrong())).status, 200);
  }
  t.equal((await send('/read', wrong())).status, 401);
});
