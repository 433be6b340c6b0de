import t from 'tap';
import { maxAttempts } from '../../../src/modules/onboarding/steps.ts';
import { claimStep } from '../../../src/modules/onboarding/store.ts';
import { smtpError } from '../../helper/smtp.ts';
import { createWorld, kickoff, start, told } from './world.ts';

const everything = { mail: true, slack: true, vault: true };

t.test('asked for twice, everything is sent once', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme');
  t.same(await world.enqueue(acme), ['slack_channel', 'slack_welcome', 'welcome_email']);
  t.equal((await world.deliver()).length, 3);
  const calls = world.slack.calls.length;
  t.same(await world.enqueue(acme), []);
  world.now += 3_600_000;
  t.same(await world.deliver(), []);
  t.equal(world.smtp.received.length, 1);
  t.equal(world.slack.calls.length, calls);
});

t.test('after eight attempts a step has failed; asked for again, it has eight more', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme');
  await world.enqueue(acme);
  world.smtp.refuse.message = () => smtpError(451, 'not now');
  const outcomes = [];
  for (let attempt = 0; attempt <= maxAttempts; attempt += 1) {
    outcomes.push(...told(await world.deliver()).filter((each) => each.startsWith('welcome_email')));
    world.now += 15 * 60_000;
  }
  t.same(outcomes, [...Array(7).fill('welcome_email retry'), 'welcome_email failed']);
  t.match(await world.step('welcome_email'), { status: 'failed', attempts: 8, last_error: /\(451\)/ });
  t.match(await world.everythingWritten(), 'onboarding.failed');
  world.smtp.refuse = {};
  t.same(await world.enqueue(acme), ['welcome_email'], 'only what has failed');
  t.match(await world.step('welcome_email'), { status: 'pending', attempts: 0, last_error: null });
  t.same(told(await world.deliver()), ['welcome_email done']);
});

t.test('a call that has a time keeps it when only Slack is asked for again', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme');
  await world.enqueue(acme);
  world.slack.fail('conversations.create', { error: 'restricted_action' });
  t.same(told(await world.deliver()), ['slack_channel failed', 'welcome_email done']);
  t.same(await world.enqueue(acme, { kickoffMs: kickoff + 86_400_000 }), ['slack_channel']);
  t.same(told(await world.deliver()), ['slack_channel done', 'slack_welcome done']);
  t.match(world.slack.channels[0]?.messages[0]?.text, 'Thursday, 26 November 2026, 15:00 UTC');
});

t.test('asked for again, what waits for its next attempt is due at once, with the attempts it has had', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme');
  await world.enqueue(acme);
  await world.smtp.stop();
  for (let attempt = 1; attempt <= 6; attempt += 1) {
    await world.deliver();
    if (attempt < 6) world.now = (await world.step('welcome_email')).due_at.getTime();
  }
  t.same(await world.deliver(), [], 'for minutes');
  await world.smtp.start();
  t.same(await world.enqueue(acme), [], 'nothing new is asked for');
  t.match(await world.step('welcome_email'), { attempts: 6, due_at: new Date(world.now), last_error: /ECONNREFUSED/ });
  t.same(told(await world.deliver()), ['welcome_email done']);
  t.equal(world.smtp.received.length, 1);
});

t.test('asked for again, what is being delivered is left alone, and so is a Slack that asked for it', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme');
  await world.enqueue(acme);
  await claimStep(world.db, { ...everything, slack: false }, world.now);
  world.slack.fail('conversations.create', { status: 429, headers: { 'retry-after': '3600' } });
  t.same(told(await world.deliver()), ['slack_channel retry']);
  t.same(await world.enqueue(acme), []);
  await world.enqueue(await world.addPartner('globex'), { withKey: false });
  t.same(told(await world.deliver()), ['welcome_email done'], 'of the other, who is not on his way yet');
  t.match(await world.step('welcome_email', 'acme'), { due_at: new Date(start + 5 * 60_000) });
  world.now += 3_600_000;
  t.equal((await world.deliver()).filter(({ outcome }) => outcome === 'done').length, 5);
});
