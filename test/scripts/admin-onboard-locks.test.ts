import { once } from 'node:events';
import pg from 'pg';
import t from 'tap';
import { recordAudit } from '../../src/platform/audit.ts';
import { until } from '../helper/until.ts';
import { admin } from '../modules/onboarding/world.ts';
import { setUp } from './onboard-process.ts';

t.test('a partner for whose steps the command has to wait keeps nobody else from the audit log', async (t) => {
  const { world, launch } = await setUp(t);
  for (const slug of ['acme', 'globex']) await world.addPartner(slug);
  await world.enqueue(await world.addPartner('initech'));
  const [other, observer] = [1, 2].map(() => new pg.Client({ connectionString: world.databaseUrl })) as [pg.Client, pg.Client];
  for (const client of [other, observer]) {
    await client.connect();
    t.teardown(() => client.end());
  }
  await other.query('BEGIN');
  await other.query('SELECT FROM onboarding_steps FOR UPDATE');
  const child = launch(['--all', '--detach']);
  const exited = once(child, 'close');
  await until(
    'the command waits for the other',
    async () => {
      const waiting = await observer.query(
        `SELECT FROM pg_stat_activity WHERE application_name = 'triggers-admin' AND wait_event_type = 'Lock' AND datname = current_database()`,
      );
      return waiting.rowCount === 1;
    },
    30_000,
  );
  const requested = () => world.db.selectFrom('audit_log').select('partner').where('action', '=', 'onboarding.requested').execute();
  t.same(
    (await requested()).map(({ partner }) => partner),
    ['initech', 'acme', 'globex'],
    'those before it are asked for',
  );
  await recordAudit(world.db, admin, { action: 'onboarding.welcome_email', subject: 'partner:hooli' });
  await other.query('COMMIT');
  t.same(await exited, [0, null]);
});

t.test('Ctrl-C lets the mail that is on its way be known as sent, and begins nothing more', async (t) => {
  const { world, launch, json } = await setUp(t);
  for (const slug of ['acme', 'globex']) await world.addPartner(slug);
  const arrived = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  world.smtp.hold = async () => {
    world.smtp.hold = undefined;
    arrived.resolve();
    await answer.promise;
  };
  const child = launch(['acme', 'globex']);
  const exited = once(child, 'close');
  const said = child.stderr.setEncoding('utf8').toArray();
  await arrived.promise;
  child.kill('SIGINT');
  answer.resolve();
  t.same(await exited, [130, null]);
  t.match((await said).join(''), /stopped by SIGINT; what is not sent yet is pending/);
  const mails = ['acme', 'globex'].map((slug) => world.step('welcome_email', slug));
  const [first, second] = await Promise.all(mails);
  t.match(first, { status: 'done', attempts: 1 });
  t.match(second, { status: 'pending', attempts: 0, claimed_at: null });
  t.match(await json(['acme', 'globex']), { code: 0 });
  t.equal(world.smtp.received.length, 2);
});

t.test('the command again tries at once what waits for its next attempt', async (t) => {
  const { world, json } = await setUp(t);
  await world.addPartner('acme');
  await world.smtp.stop();
  t.match(await json(['acme', '--wait', '1']), { code: 1, records: [{ welcome_email: 'pending' }] });
  await world.db
    .updateTable('onboarding_steps')
    .set({ due_at: new Date(Date.now() + 900_000), claimed_at: null })
    .where('step', '=', 'welcome_email')
    .execute();
  await world.smtp.start();
  t.match(await json(['acme', '--wait', '5']), { code: 0, records: [{ welcome_email: 'done' }] });
});
