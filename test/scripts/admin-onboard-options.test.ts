import t from 'tap';
import { suspendPartner } from '../../src/modules/partners/store.ts';
import { setUp, without } from './onboard-process.ts';

t.test('--all is every active partner with a key of class beta or live, half an hour apart', async (t) => {
  const { world, json } = await setUp(t);
  for (const slug of ['acme', 'globex', 'initech']) await world.addPartner(slug);
  await world.addPartner('keyless', { withKey: false });
  await world.addPartner('gone');
  await suspendPartner(world.db, 'gone');
  const plan = await json(['--all', '--dry-run']);
  t.match(plan, { code: 0, records: [{ partner: 'acme', welcome_email: 'would_send' }, { partner: 'globex' }, { partner: 'initech' }] });
  t.equal(plan.records.length, 3);
  t.same(await world.db.selectFrom('onboarding_steps').selectAll().execute(), [], 'a dry run leaves nothing');
  const { code, records } = await json(['--all']);
  t.equal(code, 0);
  const times = records.map((record: { kickoff: string }) => Date.parse(record.kickoff));
  t.same(
    times.map((ms: number) => new Date(ms).toISOString().slice(11, 16)),
    ['15:00', '15:30', '16:00'],
  );
  t.same(
    records.map((record: { kickoff: string }) => record.kickoff),
    plan.records.map((record: { kickoff: string }) => record.kickoff),
  );
  t.equal(world.smtp.received.length, 3);
  await world.addPartner('hooli');
  const { records: next } = await json(['hooli', '--dry-run']);
  t.match(next, [{ kickoff: /T16:30/ }], 'not at the time of another');
});

t.test('what is not configured here stays pending, and is named', async (t) => {
  const { world, run, json } = await setUp(t);
  await world.addPartner('acme');
  const nothing = without('SMTP_URL', 'SLACK_BOT_TOKEN');
  const { code, out, messages } = await run(['acme'], nothing);
  t.equal(code, 1);
  t.match(out, /acme +pending +pending +pending/);
  t.match(messages, 'acme slack_channel: SLACK_BOT_TOKEN is not set\n');
  t.match(messages, 'acme welcome_email: SMTP_URL is not set\n');
  t.match(await json(['acme'], without('VAULT_KEY_FILE')), {
    code: 1,
    records: [{ slack_channel: 'done', problems: [{ step: 'welcome_email', problem: 'VAULT_KEY_FILE or VAULT_KMS_KEY is not set' }] }],
  });
  t.match((await json(['status'], nothing)).records[2], { status: 'pending', waits_for: 'SMTP_URL is not set' });
  t.match(await json(['acme']), { code: 0, records: [{ welcome_email: 'done' }] });
});

t.test('who is to invite the contact by hand is told so', async (t) => {
  const { world, run } = await setUp(t);
  await world.addPartner('acme');
  world.slack.fail('conversations.inviteShared', { error: 'not_paid' });
  t.match(await run(['acme']), { code: 0, messages: 'acme: invite the contact to the channel yourself (not_paid)\n' });
});

t.test('--detach leaves the delivery to the servers', async (t) => {
  const { world, run } = await setUp(t);
  await world.addPartner('acme');
  t.match(await run(['acme', '--detach', '--no-key']), {
    code: 0,
    out: /acme +pending +pending +pending/,
    messages: /^left to the servers/,
  });
  t.equal(world.smtp.attempts, 0);
  t.match(await world.step('welcome_email'), { input: { with_key: false } });
});

t.test('the exit code tells what is wrong with the command', async (t) => {
  const { world, run } = await setUp(t);
  await world.addPartner('keyless', { withKey: false });
  await world.addPartner('gone');
  await suspendPartner(world.db, 'gone');
  const cases: [number, RegExp, string[]][] = [
    [2, /name the partners to onboard, or say --all/, []],
    [2, /name the partners to onboard, or say --all/, ['keyless', '--all']],
    [2, /It must be in the future/, ['keyless', '--kickoff', '2020-01-01T00:00:00Z']],
    [2, /whole number from 1 to 3600/, ['keyless', '--wait', '0']],
    [2, /--adopt-channel is for partners that are named/, ['--all', '--adopt-channel']],
    [3, /there is no partner "nobody"/, ['nobody', 'keyless']],
    [3, /there is no partner "nobody"/, ['status', 'nobody']],
    [3, /no active partner has an active key/, ['--all']],
    [1, /no active key: "keyless"; first \.\/scripts\/admin keys issue keyless/, ['keyless']],
    [1, /suspended: "gone"/, ['gone']],
  ];
  // All at once: each is a process that changes nothing.
  const answers = await Promise.all(cases.map(([, , args]) => run(args)));
  for (const [index, [code, messages, args]] of cases.entries())
    t.match(answers[index], { code, messages, out: '' }, args.join(' ') || 'no partner');
  t.match(await run(['keyless'], { MAIL_FROM: 'nobody' }), { code: 1, messages: /MAIL_FROM is neither/ });
  t.same(await world.db.selectFrom('onboarding_steps').selectAll().execute(), []);
  t.match(await run(['--help']), { code: 0, out: /^Examples:\n {2}\.\/scripts\/admin onboard acme/ });
});
