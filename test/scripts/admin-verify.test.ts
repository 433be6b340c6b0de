import pg from 'pg';
import t from 'tap';
import { createPartner, suspendPartner } from '../../src/modules/partners/store.ts';
import { lockWait } from '../helper/lock-wait.ts';
import { manyPartners, sample, setUpImport, startAdmin } from './import-setup.ts';

t.test('ten partners are verified: what is missing is named with the command that mends it', async (t) => {
  const { db, run, json } = await setUpImport(t);
  await json('partners', 'import', sample);
  await createPartner(db, { slug: 'demo' });
  await json('keys', 'issue', 'demo', '--class', 'test');

  const { code, out, messages } = await run('partners', 'verify', '--count', '10', '--json');
  t.equal(code, 1);
  const verified = JSON.parse(out);
  t.match(verified, { count: 10, expected: 10, ok: false });
  t.match(verified.partners[0], {
    slug: 'acme',
    partner_id: 'beta_000101',
    ok: false,
    key_id: 1,
    checks: {
      key: { ok: true },
      limits: { ok: true },
      expiry: { ok: true },
      vaulted: { ok: true },
      mailed: { ok: false, detail: 'not begun', mend: './scripts/admin onboard acme' },
      channel: { ok: false },
      kickoff: { ok: false },
    },
  });
  t.notOk(
    verified.partners.some(({ slug }: { slug: string }) => slug === 'demo'),
    'one with a test key alone is no part of the beta',
  );
  t.match(
    messages,
    /^acme: mailed, channel, kickoff: \.\/scripts\/admin onboard acme\n(.*: mailed, channel, kickoff: .*\n){9}admin: 0 of 10 partners are ready\n$/,
  );
  t.match(
    (await run('partners', 'verify', 'acme')).out,
    /^slug .*kickoff\nacme +beta_000101 +active +✓ ok +✓ ok +✓ ok +✓ ok +– missing +– missing +– missing\n$/,
  );
});

t.test(
  'when nothing is missing the exit code is 0; a wrong count, a suspension, other limits or a missing partner make it 1',
  async (t) => {
    const { db, run, json, write } = await setUpImport(t);
    await json('partners', 'import', sample);
    for (const step of ['welcome_email', 'slack_channel'] as const) {
      const rows = await db.selectFrom('partners').select('id').execute();
      const input = JSON.stringify({ kickoff: '2026-12-01T15:00:00.000Z' });
      await db
        .insertInto('onboarding_steps')
        .values(rows.map(({ id }) => ({ partner_id: id, step, status: 'done' as const, input, due_at: new Date() })))
        .execute();
    }
    t.match(await run('partners', 'verify', '--count', '10'), { code: 0, messages: '10 partners are ready\n' });
    t.match(await json('partners', 'verify', '--file', sample), { count: 10, expected: 10, ok: true });
    t.match(await json('partners', 'verify', 'acme', 'acme'), { count: 1, expected: null, ok: true });
    t.match(await run('partners', 'verify', '--count', '11'), {
      code: 1,
      messages: 'there are 10 partners, not 11\nadmin: 10 of 10 partners are ready\n',
    });
    t.match(await run('partners', 'verify', '--rate', '500'), {
      code: 1,
      messages: /acme: limits \(rate_limit_per_sec is 100, not 500\): .*partners change acme --rate/,
    });
    const other = await write('p.csv', 'slug,rate_limit_per_sec\nacme,500\nnobody,\n');
    const compared = await run('partners', 'verify', '--file', other);
    t.match(compared, {
      code: 1,
      messages: /acme: limits \(.* not 500\): .*partners import .*p\.csv --update\nnobody: no such partner: .*partners import/,
    });
    t.match(compared.messages, /there are 1 partners, not 2/);
    await suspendPartner(db, 'acme');
    t.match(await run('partners', 'verify', 'acme'), { code: 1, messages: /acme: suspended: .*partners resume acme/ });
    t.match(await run('partners', 'verify', 'acme', 'nobody'), { code: 3, messages: /there is no partner "nobody"/ });
    t.match(await run('partners', 'verify', 'acme', '--file', other), { code: 2, messages: /partners or a file, not both/ });
    t.match(await run('partners', 'verify', '--file', await write('q.csv', 'slug\nBad\n')), {
      code: 1,
      messages: /line 2: slug: .*\n.*1 of 1 rows .* cannot be used/,
    });
  },
);

t.test('of much that is missing twenty lines are said, and how many more there are', async (t) => {
  const { run, json, write } = await setUpImport(t);
  await json('partners', 'import', await write('p.csv', manyPartners(25)));
  const { code, out, messages } = await run('partners', 'verify', '--count', '26');
  t.equal(code, 1);
  t.equal(out.split('\n').length, 27, 'the table has them all');
  const lines = messages.trimEnd().split('\n');
  t.equal(lines.filter((line) => line.includes('scripts/admin onboard')).length, 20);
  t.same(lines.slice(20), [
    'and 5 more, which the table and --json show',
    'there are 25 partners, not 26',
    'admin: 0 of 25 partners are ready',
  ]);
});

t.test('no partner at all is not a launch', async (t) => {
  const { run } = await setUpImport(t);
  t.match(await run('partners', 'verify'), { code: 1, messages: /there is no partner to verify/ });
});

t.test('one that is broken off by Ctrl-C does not look like one that found nothing wrong', async (t) => {
  const { databaseUrl, env, json } = await setUpImport(t);
  await json('partners', 'import', sample);
  const holder = new pg.Client({ connectionString: databaseUrl });
  await holder.connect();
  t.teardown(() => holder.end());
  await holder.query('BEGIN; LOCK TABLE vault_secrets');
  const { child, ended } = startAdmin(env, 'partners', 'verify');
  await lockWait(holder);
  child.kill('SIGINT');
  t.match(await ended, { code: 130, out: '' });
});
