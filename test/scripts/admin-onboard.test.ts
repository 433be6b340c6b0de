import { once } from 'node:events';
import t from 'tap';
import { smtpError } from '../helper/smtp.ts';
import { until } from '../helper/until.ts';
import { setUp } from './onboard-process.ts';

t.test('a partner is onboarded, and a second run sends nothing', async (t) => {
  const { world, run, json, everything } = await setUp(t);
  const acme = await world.addPartner('acme');
  const when = new Date(Date.now() + 7 * 86_400_000).toISOString();
  const first = await json(['acme', '--kickoff', when, '--reason', 'beta launch']);
  const record = {
    partner: 'acme',
    slack_channel: 'done',
    slack_welcome: 'done',
    welcome_email: 'done',
    kickoff: when,
    problems: [],
    slack_invitation: 'sent',
  };
  t.same(first, { code: 0, messages: '', records: [record] });
  t.match(world.smtp.received[0]?.mail.text, acme.key);
  t.match(world.slack.channels, [{ name: 'acme-beta', messages: [{}] }]);

  const again = await run(['acme', '--kickoff', '2099-01-01T10:00:00Z']);
  t.match(again, {
    code: 0,
    out: /^partner +slack_channel +slack_welcome +welcome_email +kickoff\nacme +done +done +done +20/,
    messages: '--kickoff changes nothing for "acme": the invitation is sent, or on its way\n',
  });
  t.equal(world.smtp.attempts, 1);
  t.equal(world.slack.calls.filter(({ method }) => method === 'chat.postMessage').length, 1);

  const { records: steps } = await json(['status', 'acme']);
  t.match(steps, [
    {
      partner: 'acme',
      step: 'slack_channel',
      status: 'done',
      attempts: 1,
      next_try: null,
      last_error: null,
      done_at: /Z$/,
      waits_for: null,
    },
    { step: 'slack_welcome' },
    { step: 'welcome_email', result: { with_key: true } },
  ]);
  const asked = await world.db.selectFrom('audit_log').select(['actor', 'reason']).where('action', '=', 'onboarding.requested').execute();
  t.same(asked, [{ actor: 'admin:alice', reason: 'beta launch' }]);
  for (const secret of [acme.key, world.slack.token, 'password-of-the-relay']) t.notMatch(everything.join(''), secret);
});

t.test('after one step has failed, the next run does that step alone', async (t) => {
  const { world, json } = await setUp(t);
  await world.addPartner('acme');
  world.smtp.refuse.recipient = () => smtpError(550, '5.1.1 no such mailbox');
  const failed = await json(['acme']);
  t.match(failed, {
    code: 1,
    records: [
      {
        slack_channel: 'done',
        slack_welcome: 'done',
        welcome_email: 'failed',
        problems: [{ step: 'welcome_email', problem: /refused the recipient.*5\.1\.1/, next_try: null }],
      },
    ],
  });
  t.match((await json(['status'])).records[2], { status: 'failed', last_error: /no such mailbox/, next_try: null });
  world.smtp.refuse = {};
  const before = world.slack.calls.length;
  t.match(await json(['acme']), { code: 0, records: [{ welcome_email: 'done' }] });
  t.equal(world.slack.calls.length, before);
  t.equal(world.smtp.received.length, 1);
});

t.test('it waits for tries that are due later, as long as it was told', async (t) => {
  const { world, json } = await setUp(t);
  await world.addPartner('acme');
  world.slack.fail('conversations.create', { status: 429, headers: { 'retry-after': '1' } });
  t.match(await json(['acme']), { code: 0, records: [{ slack_channel: 'done', slack_welcome: 'done' }] });
  await world.addPartner('globex');
  world.slack.fail('conversations.create', { status: 429, headers: { 'retry-after': '3600' } });
  t.match(await json(['globex', '--wait', '1']), {
    code: 1,
    records: [
      {
        slack_channel: 'pending',
        welcome_email: 'done',
        problems: [{ step: 'slack_channel', problem: /asks to wait 3600 s/, next_try: /Z$/ }, { step: 'slack_welcome' }],
      },
    ],
  });
});

t.test('what a killed run has claimed is pending, and is delivered when its time has come', async (t) => {
  const { world, launch, json } = await setUp(t);
  await world.addPartner('acme');
  world.slack.fail('conversations.create', 'hang');
  const child = launch(['acme']);
  await until('it asks Slack', () => world.slack.hanging === 1, 30_000);
  child.kill('SIGKILL');
  await once(child, 'close');
  t.match(await world.step('slack_channel'), { status: 'pending', attempts: 1 });
  await world.db.updateTable('onboarding_steps').set({ due_at: new Date() }).where('step', '=', 'slack_channel').execute();
  t.match(await json(['acme']), { code: 0, records: [{ slack_channel: 'done', slack_welcome: 'done', welcome_email: 'done' }] });
});
