import { chmod } from 'node:fs/promises';
import pg from 'pg';
import t from 'tap';
import { openIntegrations } from '../../../src/modules/onboarding/integrations.ts';
import { maxAttempts } from '../../../src/modules/onboarding/steps.ts';
import { claimStep } from '../../../src/modules/onboarding/store.ts';
import { revokeKey, suspendPartner } from '../../../src/modules/partners/store.ts';
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

t.test('each step leaves its result, and the audit log says who did what', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme');
  await world.enqueue(acme);
  await world.deliver();
  const [channel] = world.slack.channels;
  t.match(await world.step('slack_channel'), {
    status: 'done',
    attempts: 1,
    last_error: null,
    done_at: new Date(start),
    result: { channel: 'acme-beta', channel_id: channel?.id, adopted: false },
  });
  t.match(await world.step('welcome_email'), {
    result: { message_id: '<welcome.beta_000001@example.com>', with_key: true, kickoff: '2026-11-26T15:00:00.000Z' },
  });
  const log = await world.db.selectFrom('audit_log').select(['actor', 'action', 'subject', 'partner']).orderBy('seq').execute();
  const system = { actor: 'system:onboarding', partner: 'acme' };
  for (const entry of [
    { actor: 'admin:alice', partner: 'acme', action: 'onboarding.requested', subject: 'partner:acme' },
    { ...system, action: 'onboarding.slack_channel', subject: 'partner:acme' },
    { ...system, action: 'onboarding.slack_welcome', subject: 'partner:acme' },
    { ...system, action: 'onboarding.welcome_email', subject: 'partner:acme' },
    { ...system, action: 'key.mailed', subject: `key:${acme.keyId}` },
    { ...system, action: 'partner.changed', subject: 'partner:acme' },
  ])
    t.equal(
      log.filter((row) => row.action === entry.action && row.actor === entry.actor && row.subject === entry.subject).length,
      1,
      entry.action,
    );
  const partner = await world.db.selectFrom('partners').select('slack_channel').executeTakeFirstOrThrow();
  t.equal(partner.slack_channel, '#acme-beta', 'its record names the channel from now on');
});

t.test('two deliverers at once, and two requests at once, send once', async (t) => {
  const world = await createWorld(t);
  const partners = await Promise.all(['acme', 'globex', 'initech'].map((slug) => world.addPartner(slug)));
  await Promise.all([...partners, ...partners].map((partner) => world.enqueue(partner)));
  await Promise.all(Array.from({ length: 4 }, () => world.deliver()));
  await world.deliver();
  t.same(
    world.smtp.received.map(({ to }) => to[0]).sort(),
    ['acme', 'globex', 'initech'].map((slug) => `${slug}@partner.example`),
  );
  t.same(world.slack.channels.map(({ name, messages }) => [name, messages.length]).sort(), [
    ['acme-beta', 1],
    ['globex-beta', 1],
    ['initech-beta', 1],
  ]);
  t.equal(world.slack.calls.filter(({ method }) => method === 'conversations.create').length, 3);
});

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
  t.equal(mailed, '1');
});

t.test('a server that is down is tried again with growing pauses, and then has the mail', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  await world.smtp.stop();
  t.same(told(await world.deliver()), ['slack_channel done', 'slack_welcome done', 'welcome_email retry']);
  const pauses: number[] = [];
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    const { due_at, attempts, last_error, status } = await world.step('welcome_email');
    t.match({ attempts, last_error, status }, { attempts: attempt, last_error: /ECONNREFUSED/, status: 'pending' });
    pauses.push(due_at.getTime() - world.now);
    world.now = due_at.getTime() - 1;
    t.same(await world.deliver(), [], 'not before its time');
    world.now += 1;
    if (attempt === 4) await world.smtp.start();
    t.same(told(await world.deliver()), [attempt === 4 ? 'welcome_email done' : 'welcome_email retry']);
  }
  t.same(pauses, [5_000, 10_000, 20_000, 40_000]);
  t.match(await world.step('welcome_email'), { status: 'done', attempts: 5, last_error: null });
  t.equal(world.smtp.received.length, 1);
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

t.test('what repeating does not mend fails at once, with what to do', async (t) => {
  const world = await createWorld(t);
  const noMail = await world.addPartner('nomail', { fields: { contact_email: null } });
  const badMail = await world.addPartner('badmail', { fields: { contact_email: 'a@b.example, c@d.example' } });
  const revoked = await world.addPartner('revoked');
  await revokeKey(world.db, `${revoked.keyId}`);
  const unvaulted = await world.addPartner('unvaulted');
  await world.db.deleteFrom('vault_secrets').where('key_id', '=', unvaulted.keyId).execute();
  const damaged = await world.addPartner('damaged');
  await world.db.updateTable('vault_secrets').set({ version: 2 }).where('key_id', '=', damaged.keyId).execute();
  const suspended = await world.addPartner('suspended');
  await suspendPartner(world.db, 'suspended');
  const keyless = await world.addPartner('keyless', { withKey: false });
  const refused = await world.addPartner('refused');
  world.smtp.refuse.recipient = (address) => (address.startsWith('refused') ? smtpError(550, 'no such user') : undefined);
  const late = await world.addPartner('late');
  const partners = [noMail, badMail, revoked, unvaulted, damaged, suspended, keyless, refused];
  for (const partner of partners) await world.enqueue(partner);
  await world.enqueue(late, { kickoffMs: start });
  const outcomes = await world.deliver({ settings: { ...world.settings, SLACK_BOT_TOKEN: undefined } });
  const errors = Object.fromEntries(outcomes.map(({ partner, outcome, error }) => [partner, `${outcome}: ${error}`]));
  t.match(errors, {
    nomail: /^failed: the partner has no contact_email/,
    badmail: /^failed: .*no address/,
    revoked: /^failed: the key sk_beta_revoked_\w{6} is revoked or expired; make one with keys issue/,
    unvaulted: /^failed: the key \d+ is not in the vault/,
    damaged: /^failed: the secret does not open/,
    suspended: /^failed: the partner is suspended/,
    keyless: /^failed: there is no key to send; make one with keys issue/,
    refused: /^failed: .*refused the recipient, contact_email \(550 no such user\)/,
    late: /^failed: the kickoff call would have been before this mail/,
  });
  t.equal(world.smtp.received.length, 0);
  for (const slug of Object.keys(errors)) t.match(await world.step('welcome_email', slug), { status: 'failed', attempts: 1 });
});

t.test('a vault that cannot be used now is tried again', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  await chmod(world.keyFile, 0o644);
  t.match((await world.deliver()).at(-1), { step: 'welcome_email', outcome: 'retry', error: /can be read by others/ });
  await chmod(world.keyFile, 0o600);
  world.now += 10_000;
  t.same(told(await world.deliver()), ['welcome_email done']);
});

t.test('what is not configured stays pending, untouched, for a process that has it', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  const nothing = { GUIDE_URL: world.settings.GUIDE_URL };
  t.same(await world.deliver({ settings: nothing }), []);
  t.same(await world.deliver({ settings: { ...world.settings, SLACK_BOT_TOKEN: undefined, PUBLIC_URL: '' } }), [], 'mail needs PUBLIC_URL');
  t.match(await world.step('welcome_email'), { status: 'pending', attempts: 0, last_error: null });
  t.same(told(await world.deliver({ settings: { ...world.settings, SMTP_URL: undefined } })), ['slack_channel done', 'slack_welcome done']);
  t.same(told(await world.deliver()), ['welcome_email done']);
});

t.test('without a vault a mail with a key waits, and one without goes', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  await world.enqueue(await world.addPartner('globex'), { withKey: false });
  const integrations = openIntegrations({ ...world.settings, SLACK_BOT_TOKEN: undefined }, undefined);
  t.match(await world.deliver({ integrations }), [{ partner: 'globex', outcome: 'done' }]);
  t.match(await world.step('welcome_email', 'acme'), { status: 'pending', attempts: 0 });
});

t.test('no row, no entry of the log and no error holds a key, a token or a password', async (t) => {
  const world = await createWorld(t, { user: 'apikey', password: 'SG.password-of-the-relay' });
  const partners = await Promise.all(['acme', 'globex'].map((slug) => world.addPartner(slug)));
  for (const partner of partners) await world.enqueue(partner);
  const keys = partners.map(({ key }) => key);
  const secrets = [...keys, world.slack.token, 'SG.password-of-the-relay'];
  const heardBySmtp = [...keys, 'SG.password-of-the-relay'];
  // Each says again what it was told.
  world.slack.fail('conversations.create', { error: world.slack.token }, { status: 500, body: secrets.join() });
  world.smtp.refuse = {
    recipient: () => smtpError(451, `not ${heardBySmtp.join(' and not ')}`),
    message: () => smtpError(451, `I do not like ${heardBySmtp.join()}`),
  };
  const heard = [await world.deliver()];
  world.now += 60_000;
  world.smtp.refuse.recipient = undefined;
  heard.push(await world.deliver());
  world.now += 60_000;
  world.smtp.refuse = {};
  heard.push(await world.deliver());
  const wrong = { ...world.settings, SMTP_URL: world.smtp.url.replace('relay', 'relais'), SLACK_BOT_TOKEN: 'xoxb-wrong-token' };
  await world.enqueue(await world.addPartner('initech'));
  heard.push(await world.deliver({ settings: wrong }));
  t.match(await world.step('welcome_email', 'initech'), { status: 'failed', last_error: /refused the user or password/ });
  t.match(await world.step('slack_channel', 'initech'), { status: 'failed', last_error: /invalid_auth/ });
  t.equal(world.smtp.received.length, 2);
  const written = `${await world.everythingWritten()}${JSON.stringify(heard)}`;
  for (const secret of [...secrets, 'SG.password-of-the-relais', 'xoxb-wrong-token']) t.notMatch(written, secret);
  t.notMatch(written, /sk_beta_[a-z]+_\w{7}/, 'nothing longer than a prefix');
});

t.test('an error that nobody foresaw is tried again, and its words are not kept', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme');
  await world.enqueue(acme);
  const integrations = openIntegrations({ ...world.settings, SLACK_BOT_TOKEN: undefined }, world.vault);
  const broken = {
    ...integrations,
    mail: {
      from: { address: 'beta@example.com' },
      replyTo: { address: 'beta@example.com' },
      send: () => Promise.reject(new RangeError(`cannot read ${acme.key}`)),
    },
  };
  t.match(await world.deliver({ integrations: broken }), [{ outcome: 'retry', error: 'an unforeseen error (RangeError)' }]);
  t.notMatch(await world.everythingWritten(), acme.key);
  world.now += 60_000;
  t.same(told(await world.deliver({ integrations })), ['welcome_email done']);
});

t.test('a database that fails after the delivery leaves the step to be told by its Message-ID in five minutes', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  const owner = new pg.Client({ connectionString: world.databaseUrl });
  await owner.connect();
  t.teardown(() => owner.end());
  await owner.query(`
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER fail BEFORE UPDATE ON onboarding_steps FOR EACH ROW WHEN (NEW.status = 'done') EXECUTE FUNCTION fail()`);
  const settings = { ...world.settings, SLACK_BOT_TOKEN: undefined };
  await t.rejects(world.deliver({ settings }), { code: '53100' });
  t.match(await world.step('welcome_email'), { status: 'pending', attempts: 1, due_at: new Date(start + 5 * 60_000) });
  await owner.query('DROP TRIGGER fail ON onboarding_steps');
  world.now += 5 * 60_000;
  t.same(told(await world.deliver({ settings })), ['welcome_email done']);
  const sent = world.smtp.received.map(({ mail }) => mail.messageId);
  t.same(sent, [sent[0], sent[0]]);
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
