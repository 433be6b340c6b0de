import { chmod } from 'node:fs/promises';
import t from 'tap';
import { openIntegrations } from '../../../src/modules/onboarding/integrations.ts';
import { revokeKey, suspendPartner } from '../../../src/modules/partners/store.ts';
import { smtpError } from '../../helper/smtp.ts';
import { createWorld, start, told } from './world.ts';

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

t.test('how to reach a person is in no entry of the audit log, whatever a mail server says', async (t) => {
  const world = await createWorld(t);
  const fields = { contact_email: 'jane.doe@partner.example', primary_contact: 'Jane Q. Public' };
  const acme = await world.addPartner('acme', { fields });
  await world.enqueue(acme);
  world.smtp.refuse.recipient = () => smtpError(550, '5.1.1 <Jane.Doe@Partner.Example>: JANE Q. PUBLIC left (jane.doe)');
  t.match((await world.deliver()).at(-1), {
    outcome: 'failed',
    error: /refused the recipient, contact_email \(550 5\.1\.1 <…>: … left \(…\)\)/,
  });
  const [entry] = await world.db.selectFrom('audit_log').select('details').where('action', '=', 'onboarding.failed').execute();
  t.same(entry?.details, { step: 'welcome_email', attempts: 1, code: '550 5.1.1' });
  t.notMatch(await world.everythingWritten(), /jane|public/i);
});
