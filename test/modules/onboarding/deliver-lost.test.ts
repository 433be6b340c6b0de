import t from 'tap';
import { maxAttempts } from '../../../src/modules/onboarding/steps.ts';
import { claimStep } from '../../../src/modules/onboarding/store.ts';
import { createWorld, start, told, type World } from './world.ts';

const everything = { mail: true, slack: true, vault: true };

t.test('a delivery that was cut off is taken up after five minutes, and not before', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  const cutOff = await claimStep(world.db, everything, world.now);
  t.match(cutOff, { step: 'slack_channel', attempts: 1 });
  t.same(told(await world.deliver()), ['welcome_email done'], 'what depends on it waits with it');
  world.now = start + 5 * 60_000 - 1;
  t.same(await world.deliver(), []);
  world.now += 1;
  t.same(told(await world.deliver()), ['slack_channel done', 'slack_welcome done']);
  t.match(await world.step('slack_channel'), { attempts: 2 });
});

t.test('a deliverer that was taken for lost, and was not, changes nothing any more', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  let reached = () => {};
  const atServer = new Promise<void>((resolve) => {
    reached = resolve;
  });
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  world.smtp.hold = async () => {
    world.smtp.hold = undefined;
    reached();
    await answered;
  };
  const slow = world.deliver();
  await atServer;
  world.now += 5 * 60_000;
  t.same(told(await world.deliver()), ['welcome_email done']);
  const doneAt = (await world.step('welcome_email')).done_at;
  answer();
  await slow;
  t.match(await world.step('welcome_email'), { attempts: 2, done_at: doneAt });
  t.same(
    world.smtp.received.map(({ mail }) => mail.messageId),
    ['<welcome.beta_000001@example.com>', '<welcome.beta_000001@example.com>'],
    'the mail that was sent twice can be told by its name',
  );
  const { mailed } = await world.db
    .selectFrom('audit_log')
    .select((query) => query.fn.countAll<string>().as('mailed'))
    .where('action', '=', 'key.mailed')
    .executeTakeFirstOrThrow();
  t.equal(mailed, '2', 'and so is each time that the key got out');
});

/** The audit log of the mail: what was done, and at which attempt. */
async function mailLog(world: World): Promise<string[]> {
  const log = await world.db.selectFrom('audit_log').select(['action', 'details']).orderBy('seq').execute();
  return log
    .filter(({ action }) => action === 'key.mailed' || action === 'onboarding.welcome_email')
    .map(({ action, details }) => `${action} ${details.attempt ?? ''}`.trim());
}

t.test('that a key is mailed is written down before each attempt, also of a mail whose answer is lost', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  world.smtp.hangsUp = true;
  t.match((await world.deliver()).at(-1), { step: 'welcome_email', outcome: 'retry' });
  t.match(world.smtp.received, [{}], 'the server has it');
  t.same(await mailLog(world), ['key.mailed 1']);
  world.smtp.hangsUp = false;
  world.now += 60_000;
  t.same(told(await world.deliver()), ['welcome_email done']);
  t.same(await mailLog(world), ['key.mailed 1', 'key.mailed 2', 'onboarding.welcome_email']);
});

t.test('a key whose mailing cannot be written down is not mailed', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  await world.enqueue(await world.addPartner('globex'), { withKey: false });
  const broken = await world.break(`BEFORE INSERT ON audit_log FOR EACH ROW WHEN (NEW.action = 'key.mailed')`, '55P03');
  const mails = (await world.deliver()).filter(({ step }) => step === 'welcome_email');
  t.match(mails, [
    { partner: 'acme', outcome: 'retry' },
    { partner: 'globex', outcome: 'done' },
  ]);
  t.same(
    world.smtp.received.map(({ to }) => to[0]),
    ['globex@partner.example'],
  );
  await broken.mend();
  world.now += 60_000;
  t.same(told(await world.deliver()), ['welcome_email done']);
});

t.test('a step that is cut off again and again fails too', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme', {}), { withKey: false });
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    t.match(await claimStep(world.db, { ...everything, slack: false }, world.now), { attempts: attempt });
    world.now += 5 * 60_000;
  }
  t.match(await world.deliver({ settings: { ...world.settings, SLACK_BOT_TOKEN: undefined } }), [
    { outcome: 'failed', error: 'it was cut off in each of 8 attempts' },
  ]);
  t.equal(world.smtp.attempts, 0);
});

t.test('a database that fails after the delivery leaves the step to be told by its Message-ID in five minutes', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  const broken = await world.break(`BEFORE UPDATE ON onboarding_steps FOR EACH ROW WHEN (NEW.status = 'done')`, '53100');
  const settings = { ...world.settings, SLACK_BOT_TOKEN: undefined };
  await t.rejects(world.deliver({ settings }), { code: '53100' });
  t.match(await world.step('welcome_email'), { status: 'pending', attempts: 1, due_at: new Date(start + 5 * 60_000) });
  t.equal(await broken.count(), 5, 'it was tried five times to say that it is done');
  await broken.mend();
  world.now += 5 * 60_000;
  t.same(told(await world.deliver({ settings })), ['welcome_email done']);
  const sent = world.smtp.received.map(({ mail }) => mail.messageId);
  t.same(sent, [sent[0], sent[0]]);
});

t.test('a mail that was taken is known as sent, although a lock was in the way of saying so', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  const broken = await world.break(`BEFORE UPDATE ON onboarding_steps FOR EACH ROW WHEN (NEW.status = 'done')`, '55P03', 2);
  t.same(told(await world.deliver({ settings: { ...world.settings, SLACK_BOT_TOKEN: undefined } })), ['welcome_email done']);
  t.equal(await broken.count(), 3);
  t.match(await world.step('welcome_email'), { status: 'done', attempts: 1 });
  t.same(await mailLog(world), ['key.mailed 1', 'onboarding.welcome_email'], 'once');
  t.equal(world.smtp.received.length, 1);
});
