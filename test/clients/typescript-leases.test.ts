import t from 'tap';
import { AuthenticationError, type LeasedEvent, Triggers } from '../../openapi/clients/typescript/src/index.ts';
import { until } from '../helper/until.ts';
import { problem, type Scripted, startDouble } from './typescript-double.ts';

/** What a receive gives: events with the leases that have so many seconds left. */
function received(...secondsLeft: number[]): Scripted {
  const events = secondsLeft.map((seconds, index) => ({
    event_id: `evt_${index + 1}`,
    event_type: 'order.created',
    payload: { n: index + 1 },
    delivery: { count: 1, replayed: false },
    lease_token: `token_${index + 1}`,
    lease_expires_at: new Date(Date.now() + seconds * 1000).toISOString(),
  }));
  return { status: 200, body: { events, count: events.length } };
}

type Result = { status: string; error?: { code: string; detail: string; retryable: boolean } };
const failed = (code: string): Result => ({ status: 'failed', error: { code, detail: code, retryable: false } });

/** What settling one list gives. */
function settled(list: string, ...results: Result[]): Scripted {
  const items = results.map((result, index) => ({ list, index, event_id: `evt_${index + 1}`, ...result }));
  return { status: 200, body: { settled: results.length, failed: 0, results: items } };
}

const extended: Result = { status: 'extended' };

/** A loop over the inbox of a server that answers so. */
async function loopOver(...answers: Scripted[]) {
  const double = await startDouble(t, ...answers);
  const client = new Triggers({ apiKey: 'sk_test_acme_x', baseUrl: double.url, backoff: { baseMs: 1 }, maxAttempts: 1 });
  const loop = client.inbox<{ n: number }>({ leaseSeconds: 5 });
  const commands = () => double.came.map(({ path, text }) => (path.endsWith('/settle') ? Object.keys(JSON.parse(text))[0] : 'receive'));
  return { double, loop, commands };
}

t.test('an extension that fails is tried again, in time', async (t) => {
  const { loop, commands } = await loopOver(
    received(3.4),
    problem(503, 'unavailable'),
    'break',
    settled('extend', extended),
    settled('release', { status: 'released' }),
  );
  const { value: event } = (await loop.next()) as { value: LeasedEvent };
  await until('it is extended', () => commands().length === 4);
  t.equal(event.signal.aborted, false);
  await loop.return();
  t.same(commands(), ['receive', 'extend', 'extend', 'extend', 'release']);
});

t.test('an event is handed out only while its lease is certain', async (t) => {
  const { double, loop, commands } = await loopOver(
    received(0, 0),
    settled('extend', failed('lease_lost'), extended),
    settled('release', { status: 'released' }),
  );
  t.match({ ...(await loop.next()).value }, { eventId: 'evt_2' }, 'the first is with another worker');
  t.same(commands(), ['receive', 'extend']);
  t.match(JSON.parse(double.came[1]?.text ?? ''), {
    extend: [
      { event_id: 'evt_1', lease_token: 'token_1', lease_seconds: 5 },
      { event_id: 'evt_2', lease_token: 'token_2', lease_seconds: 5 },
    ],
  });
  await loop.return();
  t.match(JSON.parse(double.came[2]?.text ?? ''), { release: [{ event_id: 'evt_2' }] }, 'and is not given back by us');
});

t.test('a lease that cannot be made longer is used to its end, and the consumer is not disturbed', async (t) => {
  const { loop, commands } = await loopOver(
    received(3.4),
    settled('extend', failed('lease_limit')),
    settled('acknowledge', { status: 'acknowledged' }),
    received(60),
    settled('release', { status: 'released' }),
  );
  const { value: event } = (await loop.next()) as { value: LeasedEvent };
  await until('it was tried', () => commands().length === 2);
  await loop.next();
  t.equal(event.signal.aborted, false);
  t.equal(event.settled, 'acknowledged');
  await loop.return();
  t.same(commands(), ['receive', 'extend', 'acknowledge', 'receive', 'release']);
});

t.test('a loop whose leases can no longer be kept ends with the reason', async (t) => {
  const { loop } = await loopOver(received(0), problem(401, 'unauthenticated'));
  await t.rejects(loop.next(), AuthenticationError);
  t.same(await loop.next(), { done: true, value: undefined });
});

t.test('a receive has an id of its own, the same in each of its attempts', async (t) => {
  const double = await startDouble(t, 'break', received(60), 'hang');
  const client = new Triggers({ apiKey: 'sk_test_acme_x', baseUrl: double.url, backoff: { baseMs: 1 } });
  await client.receive();
  double.next(received(60));
  await client.receive({ maxEvents: 3, waitSeconds: 2, eventTypes: ['order.*'] });
  const bodies = double.came.map(({ text }) => JSON.parse(text));
  t.match(bodies[0].receive_id, /^[0-9a-f-]{36}$/);
  t.equal(bodies[1].receive_id, bodies[0].receive_id);
  t.not(bodies[2].receive_id, bodies[0].receive_id);
  t.match(bodies[2], { max_events: 3, lease_seconds: 60, wait_seconds: 2, event_types: ['order.*'] });
});
