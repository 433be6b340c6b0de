import t from 'tap';
import { updateAccount } from '../../../src/modules/account/store.ts';
import { channelName } from '../../../src/modules/onboarding/names.ts';
import { maxAttempts, maxWaits } from '../../../src/modules/onboarding/steps.ts';
import { listSteps } from '../../../src/modules/onboarding/store.ts';
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
  t.match(await world.step('slack_channel', 'initech'), {
    status: 'done',
    result: { invitation: 'no usable contact_email when the channel was made' },
  });
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

t.test('a Slack that asks to wait for ever is asked 58 times, not faster than once a second', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme');
  await world.enqueue(acme);
  world.slack.fail('conversations.create', ...Array(100).fill({ status: 429, headers: { 'retry-after': '0' } }));
  let tried = 0;
  for (let last: string | undefined; last !== 'failed'; world.now += 1_000) {
    const outcomes = (await world.deliver()).filter(({ step }) => step === 'slack_channel');
    t.equal(outcomes.length, 1);
    last = outcomes[0]?.outcome;
    tried += 1;
    if (tried > 100) throw new Error('it does not end');
  }
  t.equal(tried, maxWaits + maxAttempts);
  t.equal(world.slack.calls.length, tried);
  t.match(await world.step('slack_channel'), { status: 'failed', attempts: maxAttempts, last_error: /asks to wait 1 s/ });
});

t.test('a wait after something else is a first one', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  const wait = { status: 429, headers: { 'retry-after': '1' } };
  world.slack.fail('conversations.create', wait, wait, { status: 500 }, wait);
  const waits: number[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    await world.deliver();
    waits.push((await world.step('slack_channel')).waits);
    world.now += 60_000;
  }
  t.same(waits, [1, 2, 0, 1]);
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
  t.match(
    await world.step('slack_channel'),
    { result: { adopted: false, invitation: 'sent' } },
    'the channel that was made when the answer was lost is known as our own',
  );
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

/** A partner that wants this channel. */
const named = (slack_channel: string) => ({ fields: { contact_email: 'eve@partner.example', slack_channel } });

t.test('a partner that names a channel of somebody else gets nothing of it', async (t) => {
  const world = await createWorld(t);
  for (const name of ['a', 'b', 'c']) world.slack.addChannel({ name });
  const finance = world.slack.addChannel({ name: 'finance', topic: '' });
  const acme = await world.addPartner('acme');
  await updateAccount(world.db, acme.id, { slack_channel: '#Finance', contact_email: 'eve@partner.example' }, world.now);
  await world.enqueue(acme);
  t.match(await world.deliver(), [
    { step: 'slack_channel', outcome: 'failed', error: /^#finance was there before.*another slack_channel.*onboard acme --adopt-channel$/ },
    { step: 'welcome_email', outcome: 'done' },
  ]);
  t.match(finance, { isMember: false, topic: '', invited: [], messages: [] });
  t.notMatch(world.smtp.received[0]?.mail.text, 'finance', 'the mail does not send it there either');
});

t.test('an approved channel is joined and welcomed, keeps its topic, and nobody is invited to it', async (t) => {
  const world = await createWorld(t);
  const mine = world.slack.addChannel({ name: 'acme-partners', topic: 'since 2019' });
  const acme = await world.addPartner('acme', named('#Acme Partners'));
  await world.enqueue(acme, { adoptChannel: true });
  t.same(told(await world.deliver()), ['slack_channel done', 'slack_welcome done', 'welcome_email done']);
  t.match(mine, { isMember: true, topic: 'since 2019', messages: [{}], invited: [] });
  t.match(await world.step('slack_channel'), {
    input: { channel: 'acme-partners', adopt_channel: true },
    result: { channel: 'acme-partners', channel_id: mine.id, adopted: true, invitation: /^it was there before/ },
  });
  t.match(world.smtp.received[0]?.mail.text, '#acme-partners');
  const request = await world.db.selectFrom('audit_log').select('details').where('action', '=', 'onboarding.requested').executeTakeFirst();
  t.match(request?.details, { channel: 'acme-partners', adopt_channel: true });
});

t.test('an approval is for one name, and lasts as long as that', async (t) => {
  const world = await createWorld(t);
  for (const name of ['acme-partners', 'finance']) world.slack.addChannel({ name });
  const acme = await world.addPartner('acme', named('#acme-partners'));
  await world.enqueue(acme);
  t.match(await world.deliver(), [{ outcome: 'failed' }, {}]);
  world.slack.fail('conversations.join', { error: 'missing_scope' });
  await world.enqueue(acme, { adoptChannel: true });
  t.match(await world.deliver(), [{ step: 'slack_channel', outcome: 'failed', error: /missing_scope/ }]);
  await updateAccount(world.db, acme.id, { slack_channel: '#finance' }, world.now);
  await world.enqueue(acme);
  t.match(await world.deliver(), [{ step: 'slack_channel', outcome: 'failed', error: /^#finance was there before/ }]);
  await updateAccount(world.db, acme.id, { slack_channel: '#acme-partners' }, world.now);
  await world.enqueue(acme, { adoptChannel: true });
  world.slack.fail('conversations.join', { error: 'missing_scope' });
  await world.deliver();
  await world.enqueue(acme);
  t.same(told(await world.deliver()), ['slack_channel done', 'slack_welcome done'], 'asked again, it need not be approved again');
});

t.test('a channel that the app has made before, for somebody else, is not taken either', async (t) => {
  const world = await createWorld(t);
  world.slack.addChannel({ name: 'acme-beta', creator: world.slack.user, created: Date.now() / 1000 - 86_400 });
  await world.enqueue(await world.addPartner('acme'));
  t.match((await world.deliver())[0], { outcome: 'failed', error: /^#acme-beta was there before/ });
});

t.test('a channel is one partner’s from the moment it is asked for', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme', named('#shared'));
  const globex = await world.addPartner('globex', named('Shared'));
  const outcomes = await Promise.allSettled([acme, globex].map((partner) => world.enqueue(partner)));
  t.same(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const [first, second] = outcomes[0]?.status === 'fulfilled' ? [acme, globex] : [globex, acme];
  await t.rejects(world.enqueue(second), {
    name: 'ChannelTakenError',
    message: `#shared is the channel of ${first.slug}; give the partner a slack_channel of its own`,
  });
  t.same([...new Set((await listSteps(world.db)).map(({ slug }) => slug))], [first.slug], 'nothing of the other is asked for');
  t.same(told(await world.deliver()), ['slack_channel done', 'slack_welcome done', 'welcome_email done']);
  await t.rejects(world.enqueue(second), { name: 'ChannelTakenError' }, 'and stays it');
  await updateAccount(world.db, second.id, { slack_channel: null }, world.now);
  await world.enqueue(second);
  t.same(told(await world.deliver()), ['slack_channel done', 'slack_welcome done', 'welcome_email done']);
});

t.test('what a partner calls its channel counts when it is onboarded, and not afterwards', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme', named('#first'));
  await world.enqueue(acme);
  await updateAccount(world.db, acme.id, { slack_channel: '#second' }, world.now);
  world.slack.fail('conversations.create', { status: 500 });
  t.match((await world.deliver())[0], { outcome: 'retry' });
  t.same(await world.enqueue(acme), [], 'it may be there, although the answer was none');
  t.match(told(await world.deliver()), ['slack_channel done']);
  t.same(
    world.slack.channels.map(({ name }) => name),
    ['first'],
  );
  const globex = await world.addPartner('globex', named('#third'));
  await world.enqueue(globex);
  await updateAccount(world.db, globex.id, { slack_channel: '#fourth' }, world.now);
  t.same(await world.enqueue(globex), ['slack_channel'], 'one that was never tried has the newest name');
  await world.deliver();
  t.equal(world.slack.channels[1]?.name, 'fourth');
});

t.test('a channel of a partner stays that partner’s under another name', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  await world.deliver();
  const [channel] = world.slack.channels;
  if (channel) channel.name = 'globex-beta';
  await world.enqueue(await world.addPartner('globex'));
  t.match((await world.deliver())[0], { outcome: 'failed', error: /^#globex-beta is the channel of acme/ });
  t.same(channel?.invited, ['acme@partner.example']);
});

t.test('no approval makes a channel of everybody, or an archived one, a partner’s', async (t) => {
  const world = await createWorld(t);
  world.slack.addChannel({ name: 'general', isGeneral: true, isMember: true });
  world.slack.addChannel({ name: 'old', isArchived: true });
  for (const [slug, channel] of Object.entries({ initech: '#general', hooli: '#old' }))
    await world.enqueue(await world.addPartner(slug, named(channel)), { adoptChannel: true });
  const outcomes = (await world.deliver()).filter(({ step }) => step === 'slack_channel');
  t.match(Object.fromEntries(outcomes.map(({ partner, outcome, error }) => [partner, `${outcome} ${error}`])), {
    initech: /^failed #general is everybody's channel/,
    hooli: /^failed #old is archived/,
  });
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
