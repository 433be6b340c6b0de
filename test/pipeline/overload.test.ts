import t from 'tap';
import { startTestApp, type TestApp } from '../helper/app.ts';
import { until } from '../helper/until.ts';

/** Holds the event loop up, without work for the machine. */
function stall(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Stalls the event loop until a poll is refused, and returns the refusal. */
function pollUnderOverload({ request }: TestApp, key: string) {
  return until('a poll is refused', async () => {
    stall(300);
    const answer = await request('GET', '/v1/inbox', { key });
    return answer.status === 503 ? answer : undefined;
  });
}

t.test('under overload polls are answered 503 with Retry-After at once, and health is answered still', async (t) => {
  const app = await startTestApp(t, { OVERLOAD_LATENESS_MS: 20 });
  const { key } = await app.addPartner();
  const refused = await pollUnderOverload(app, key);
  t.match(refused.json, { status: 503, code: 'unavailable', retryable: true });
  t.ok(Number(refused.headers.get('retry-after')) >= 1);
  stall(300);
  for (const path of ['/health/live', '/health/ready', '/v1/health']) t.equal((await app.request('GET', path)).status, 200, path);
  t.ok(await until('it is over by itself', async () => (await app.request('GET', '/v1/inbox', { key })).status === 200));
});

t.test('a busy moment that is within the limit refuses nobody', async (t) => {
  const app = await startTestApp(t, { OVERLOAD_LATENESS_MS: 60_000 });
  const { key } = await app.addPartner();
  for (let turn = 0; turn < 4; turn++) {
    stall(300);
    t.equal((await app.request('GET', '/v1/inbox', { key })).status, 200);
  }
});
