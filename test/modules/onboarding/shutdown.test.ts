import { PgBoss } from 'pg-boss';
import t from 'tap';
import { startServer } from '../../faults/server-process.ts';
import { until } from '../../helper/until.ts';
import { createWorld, pepper } from './world.ts';

t.test('a server that is told to end while a mail is on its way knows that it was sent', async (t) => {
  const world = await createWorld(t);
  world.now = Date.now();
  await world.enqueue(await world.addPartner('acme'), { kickoffMs: Date.now() + 7 * 86_400_000 });
  const { SLACK_BOT_TOKEN: _, ...settings } = world.settings;
  const server = await startServer({
    databaseUrl: world.databaseUrl,
    pepper,
    // The Postgres of the tests does not wait for its disk, which a server of production would refuse.
    env: { ...settings, VAULT_KEY_FILE: world.keyFile, NODE_ENV: 'test' },
  });
  t.teardown(() => server.kill());
  const arrived = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  world.smtp.hold = async () => {
    arrived.resolve();
    await answer.promise;
  };
  const queue = new PgBoss({ connectionString: world.databaseUrl, supervise: false, schedule: false, max: 1 });
  queue.on('error', () => {}); // its database is dropped under it at the end
  await queue.start();
  t.teardown(() => queue.stop({ graceful: false }));
  await queue.send('onboarding', {}); // in place of the clock's beat
  await arrived.promise;
  const asked = performance.now();
  const stopped = server.stop();
  // Longer than the queue waits by itself.
  await until('time has passed', () => server.ended() || performance.now() - asked > 3_000);
  answer.resolve();
  t.match(await stopped, { code: 0 });
  t.match(await world.step('welcome_email'), { status: 'done', attempts: 1, claimed_at: null });
  t.equal(world.smtp.received.length, 1);
});
