import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { until } from '../helper/until.ts';
import { encodeRequest, HttpConnection } from '../load/http-client.ts';
import { describe, type Verdict } from './oracle.ts';
import { type Rig, startRig, startTraffic, type Traffic } from './rig.ts';
import { statusOf } from './server-process.ts';

/** How often each fault strikes; a soak sets ten to a hundred times as many. */
const counts = {
  server: Number(process.env.FAULT_SERVER_KILLS ?? 3),
  postgres: Number(process.env.FAULT_POSTGRES_KILLS ?? 2),
  redis: Number(process.env.FAULT_REDIS_KILLS ?? 1),
};
/** Events answered between two strikes: so that each meets a service that works. */
const eventsBetween = Number(process.env.FAULT_EVENTS_BETWEEN ?? 1_500);

t.setTimeout(0); // each wait below has a deadline of its own

let rig: Rig;
t.before(async () => {
  rig = await startRig();
});
t.teardown(() => rig?.remove());
// A test that failed half-way may leave something ended; the next one gets everything all the same.
t.beforeEach(async () => {
  if (rig.postgres.ended()) await rig.postgres.start();
  if (rig.server.ended()) await rig.server.start();
});
t.afterEach((t) => {
  if (!t.passing()) t.comment(`the end of the server's log:\n${rig.server.log().slice(-4_000)}`);
});

/** Every promise of the oracle, each an assertion, with the number of cases that it rests on. */
function report(t: Test, verdicts: Verdict[]): void {
  for (const verdict of verdicts) {
    t.comment(describe(verdict));
    t.same(verdict.violations.slice(0, 5), [], describe(verdict));
    t.ok(verdict.checked > 0, `${verdict.id} was put to the test`);
  }
}

async function moreAnswered(traffic: Traffic): Promise<void> {
  const enough = traffic.answered() + eventsBetween;
  await until(`${eventsBetween} more events are answered`, () => traffic.answered() >= enough, 20_000);
}

t.test('kill -9 of the server under load loses nothing that was answered, and it is ready again within 3 s', async (t) => {
  // 3 s, or where this machine is slow, what it takes for a start without load and half as much again.
  const boundMs = Math.max(3_000, rig.server.firstStartMs * 1.5);
  const traffic = startTraffic(rig);
  t.teardown(() => traffic.abandon());
  for (let kill = 0; kill < counts.server; kill++) {
    await moreAnswered(traffic);
    await rig.server.kill();
    const readyMs = await rig.server.start();
    t.ok(readyMs <= boundMs, `ready after ${Math.round(readyMs)} ms; at most ${Math.round(boundMs)}`);
  }
  await moreAnswered(traffic);
  report(t, await traffic.finish(['503 unavailable']));
});

t.test('kill -9 of Postgres under load: answered 503 meanwhile, nothing lost, back without a restart of the server', async (t) => {
  const traffic = startTraffic(rig);
  t.teardown(() => traffic.abandon());
  const processId = rig.server.processId();
  for (let kill = 0; kill < counts.postgres; kill++) {
    await moreAnswered(traffic);
    await rig.postgres.kill();
    const refused = () => traffic.ledger.answers.get('503 unavailable') ?? 0;
    const before = refused();
    await until('requests are answered 503', () => refused() > before, 10_000);
    await rig.postgres.start();
    const begun = performance.now();
    await moreAnswered(traffic);
    t.ok(performance.now() - begun < 10_000, `working again after ${Math.round(performance.now() - begun)} ms`);
  }
  const verdicts = await traffic.finish(['503 unavailable']);
  t.notOk(rig.server.ended());
  t.equal(rig.server.processId(), processId);
  for (const outcome of ['refused', 'lost', 'timeout'])
    t.equal(traffic.ledger.answers.get(outcome), undefined, `no request was ${outcome}`);
  report(t, verdicts);
});

t.test('kill -9 of Redis under load: every event is still taken', async (t) => {
  const { redis } = rig;
  if (!redis) return t.comment('this machine has no redis-server: nothing to kill');
  const traffic = startTraffic(rig);
  t.teardown(() => traffic.abandon());
  for (let kill = 0; kill < counts.redis; kill++) {
    await moreAnswered(traffic);
    await redis.kill();
    await moreAnswered(traffic);
    t.equal(await statusOf(rig.server.port, '/health/ready'), 200, 'still ready');
    await redis.start();
    await moreAnswered(traffic);
  }
  report(t, await traffic.finish([]));
  t.same(
    [...traffic.ledger.answers.keys()].filter((answer) => answer !== '200'),
    [],
    'no other answer than 200',
  );
});

t.test('SIGTERM ends the server within 20 s and fails no request: neither a long poll nor one whose body is still coming', async (t) => {
  const [, , quiet] = rig.partners;
  const headers = { 'x-api-key': quiet?.apiKey as string };
  const waiting = new HttpConnection('127.0.0.1', rig.server.port);
  const longPoll = waiting.request(encodeRequest('GET', '/v1/inbox?wait=10', headers));
  const slow = slowRequest(rig.server.port, encodeRequest('POST', '/v1/events', headers, '{"event_type":"slow","payload":{"late":true}}'));
  await slow.firstHalfSent;
  // Both are under way once a request sent after them on another connection has been answered.
  t.equal(await statusOf(rig.server.port, '/health/live'), 200);
  const exit = rig.server.stop();
  await until('the server no longer takes connections', async () => (await statusOf(rig.server.port, '/health/live')) !== 200);
  const slowAnswer = await slow.finish();
  const page = await longPoll;
  const { code, signal, milliseconds } = await exit;
  t.match(slowAnswer, /^HTTP\/1\.1 200 /);
  t.equal(page.status, 200);
  t.same({ code, signal }, { code: 0, signal: null });
  t.ok(milliseconds <= 20_000, `ended after ${Math.round(milliseconds)} ms`);
  waiting.close();
  await rig.server.start();
  const later = new HttpConnection('127.0.0.1', rig.server.port);
  const inbox = await later.request(encodeRequest('GET', '/v1/inbox', headers));
  later.close();
  t.equal(JSON.parse(inbox.body.toString()).count + JSON.parse(page.body.toString()).count >= 1, true, 'the slow event was stored');
});

/** A request of which the last 20 bytes are sent only when asked to. */
function slowRequest(port: number, bytes: Buffer): { firstHalfSent: Promise<void>; finish(): Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text;
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {}); // then there is no answer, which the caller sees
  return {
    firstHalfSent: new Promise((resolve) => socket.write(bytes.subarray(0, -20), () => resolve())),
    async finish() {
      socket.write(bytes.subarray(-20));
      await Promise.race([closed, until('the slow request is answered', () => received.includes('\r\n\r\n'), 15_000)]);
      socket.destroy();
      return received;
    },
  };
}
