import t from 'tap';
import { channelName } from '../../../src/modules/onboarding/names.ts';
import { createWorld, start, told } from './world.ts';

t.test('the channel gets a topic and one welcome', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  await world.deliver();
  t.match(world.slack.channels, [
    {
      name: 'acme-beta',
      topic: 'Triggers API beta with Acme Corp · https://guide.test.example/docs/getting-started',
      messages: [
        {
          text: /Welcome to the beta of the Triggers API, Acme Corp!\*\n[\s\S]*within 2 to 3 working days[\s\S]*Thursday, 26 November 2026, 15:00 UTC/,
          metadata: { event_type: 'triggers_onboarding_welcome', event_payload: { partner_id: 'beta_000001' } },
        },
      ],
    },
  ]);
  t.notMatch(world.slack.channels[0]?.messages[0]?.text, /sk_beta_acme_\w/);
});

t.test('the partner is invited to its channel, once, and where the workspace does not let apps do that, a person is told', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  world.slack.fail('conversations.inviteShared', 'drop');
  t.match((await world.deliver())[0], { step: 'slack_channel', outcome: 'retry', error: /did not answer conversations.inviteShared/ });
  world.now += 60_000;
  t.same(told(await world.deliver()), ['slack_channel done', 'slack_welcome done']);
  t.same(world.slack.channels[0]?.invited, ['acme@partner.example']);
  t.match(await world.step('slack_channel'), { result: { invitation: 'sent' } });

  await world.enqueue(await world.addPartner('globex'));
  world.slack.fail('conversations.inviteShared', { error: 'not_paid' });
  t.match(told(await world.deliver()), ['slack_channel done']);
  t.match(await world.step('slack_channel', 'globex'), { status: 'done', result: { invitation: 'not_paid' } });
  await world.enqueue(await world.addPartner('initech', { fields: { contact_email: null } }));
  await world.deliver();
  t.match(await world.step('slack_channel', 'initech'), { status: 'done', result: { invitation: 'no contact_email' } });
});

t.test('being asked to wait is obeyed to the millisecond, for every partner, and is no failed attempt', async (t) => {
  const world = await createWorld(t);
  for (const slug of ['acme', 'globex']) await world.enqueue(await world.addPartner(slug));
  world.slack.fail('conversations.create', { status: 429, headers: { 'retry-after': '37' } });
  const first = (await world.deliver()).filter(({ step }) => step !== 'welcome_email');
  t.match(first, [{ partner: 'acme', step: 'slack_channel', outcome: 'retry', dueAtMs: start + 37_000 }]);
  t.equal(world.slack.calls.length, 1, 'nobody else is tried meanwhile');
  t.match(await world.step('slack_channel', 'acme'), { attempts: 0, due_at: new Date(start + 37_000), last_error: /asks to wait 37 s/ });
  world.now = start + 36_999;
  t.same(await world.deliver(), []);
  world.now = start + 37_000;
  t.equal((await world.deliver()).filter(({ outcome }) => outcome === 'done').length, 4);
  t.match(await world.step('slack_channel', 'acme'), { attempts: 1, last_error: null });
});

t.test('an error of the server, garbage, and no answer are tried again until it is done', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'), { withKey: false });
  world.slack.fail('conversations.create', { status: 500 }, { status: 200, body: '<html>maintenance</html>' }, 'drop');
  world.slack.fail('chat.postMessage', { status: 502, body: 'bad gateway' });
  const outcomes = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    outcomes.push(...told(await world.deliver()).filter((each) => each.startsWith('slack')));
    world.now += 60_000;
  }
  t.same(outcomes, [...Array(3).fill('slack_channel retry'), 'slack_channel done', 'slack_welcome retry', 'slack_welcome done']);
  t.match(world.slack.channels, [{ name: 'acme-beta', messages: [{}] }]);
  t.match(await world.step('slack_channel'), { result: { adopted: true } }, 'the channel was made when the answer was lost');
});

t.test('a welcome whose answer was lost is not posted twice', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  world.slack.fail('chat.postMessage', 'drop');
  t.same(told(await world.deliver()), ['slack_channel done', 'slack_welcome retry', 'welcome_email done']);
  const [channel] = world.slack.channels;
  for (const text of ['Hi!', 'Anybody here?', 'Yes'])
    channel?.messages.push({ ts: `${Date.now() / 1000 + 60}`, text, metadata: undefined });
  world.now += 60_000;
  t.same(told(await world.deliver()), ['slack_welcome done']);
  t.equal(channel?.messages.filter(({ metadata }) => metadata).length, 1);
  t.match(await world.step('slack_welcome'), { result: { message: channel?.messages[0]?.ts } });
});

t.test('a channel that is there already is adopted, joined, and keeps its topic', async (t) => {
  const world = await createWorld(t);
  for (const name of ['a', 'b', 'c']) world.slack.addChannel({ name });
  const mine = world.slack.addChannel({ name: 'acme-partners', topic: 'since 2019' });
  await world.enqueue(await world.addPartner('acme', { fields: { contact_email: 'a@acme.example', slack_channel: '#Acme Partners' } }));
  t.same(told(await world.deliver()), ['slack_channel done', 'slack_welcome done', 'welcome_email done']);
  t.match(mine, { isMember: true, topic: 'since 2019', messages: [{}] });
  t.match(await world.step('slack_channel'), { result: { channel: 'acme-partners', channel_id: mine.id, adopted: true } });
  t.match(world.smtp.received[0]?.mail.text, '#acme-partners');
});

t.test('a channel that is not the partner’s alone is not adopted', async (t) => {
  const world = await createWorld(t);
  world.slack.addChannel({ name: 'general', isGeneral: true, isMember: true });
  world.slack.addChannel({ name: 'old', isArchived: true });
  const named = (slack_channel: string) => ({ fields: { contact_email: 'a@acme.example', slack_channel } });
  for (const [slug, channel] of Object.entries({ acme: '#shared', globex: '#shared', initech: '#general', hooli: '#old' }))
    await world.enqueue(await world.addPartner(slug, named(channel)));
  const outcomes = (await world.deliver()).filter(({ step }) => step === 'slack_channel');
  t.match(Object.fromEntries(outcomes.map(({ partner, outcome, error }) => [partner, `${outcome} ${error}`])), {
    acme: 'done undefined',
    globex: /^failed #shared is the channel of acme; give the partner a slack_channel of its own/,
    initech: /^failed #general is everybody's channel/,
    hooli: /^failed #old is archived/,
  });
  t.equal(world.slack.channels.find(({ name }) => name === 'shared')?.messages.length, 1);
  t.equal(world.slack.channels.find(({ name }) => name === 'general')?.messages.length, 0);
});

t.test('a name that a hidden channel has fails, with what to do', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  world.slack.fail('conversations.create', { error: 'name_taken' });
  t.match((await world.deliver())[0], { outcome: 'failed', error: /#acme-beta is taken by a channel that the app does not see/ });
});

t.test('the name of the channel is in letters that Slack takes', (t) => {
  const name = (slack_channel: string | null) => channelName({ slug: 'acme', slack_channel });
  t.equal(name(null), 'acme-beta');
  t.equal(name('#acme-beta'), 'acme-beta');
  t.equal(name('  ##Acme Corp. & Sons! '), 'acme-corp-sons');
  t.equal(name('Ünïcode_1'), 'n-code_1');
  t.equal(name('#'), 'acme-beta');
  t.equal(name('日本'), 'acme-beta');
  t.equal(name('x'.repeat(100)).length, 80);
  t.end();
});
