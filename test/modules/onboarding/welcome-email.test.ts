import t from 'tap';
import { parseKey } from '../../../src/pipeline/auth/key-format.ts';
import { createWorld, kickoff, start, textOf, told } from './world.ts';

t.test('the welcome has the key, the guide and an invitation, as text and as HTML', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme', {
    fields: {
      contact_email: 'integration@acme.example',
      primary_contact: 'John Doe',
      slack_channel: '#acme-beta',
      rate_limit_per_sec: 250,
      rate_limit_per_month: 1_000_000,
      retention_hours: 168,
    },
  });
  await world.enqueue(acme);
  t.same(told(await world.deliver()), ['slack_channel done', 'slack_welcome done', 'welcome_email done']);
  const [received] = world.smtp.received;
  t.same(received?.to, ['integration@acme.example']);
  const mail = received?.mail;
  t.match(mail, {
    from: { name: 'Triggers API', address: 'beta@example.com' },
    to: [{ name: 'John Doe', address: 'integration@acme.example' }],
    replyTo: [{ address: 'support@example.com' }],
    subject: 'Welcome to the Triggers API beta, Acme Corp',
    messageId: '<welcome.beta_000001@example.com>',
  });
  for (const [form, content] of Object.entries({ text: mail?.text, html: mail?.html })) {
    t.match(content, acme.key, `${form}: the key`);
    t.match(content, 'Hello John Doe', `${form}: the contact`);
    t.match(content, 'https://api.test.example/v1/keys/rotate', `${form}: how to replace the key`);
    t.match(content, 'https://guide.test.example/docs/getting-started', `${form}: the guide`);
    t.match(content, 'API_URL=https://api.test.example', `${form}: where the API is`);
    t.match(content, 'Thursday, 26 November 2026, 15:00 UTC, 30 minutes', `${form}: the call`);
    t.match(content, 'within 2 to 3 working days', `${form}: what to expect of support`);
    t.match(content, '#acme-beta', `${form}: the channel`);
    t.match(content, '250 requests a second and 1,000,000 events a month', `${form}: the limits`);
    t.match(content, '168 hours', `${form}: the retention`);
  }
  t.notMatch(mail?.html, /<(img|link|style|script|iframe)\b|url\(/i, 'nothing is fetched or run');

  const guide = mail?.attachments.find(({ filename }) => filename === 'getting-started.md');
  t.match(guide, { mimeType: 'text/markdown', disposition: 'attachment' });
  t.match(textOf(guide?.content), '# Getting started');
  t.notMatch(textOf(guide?.content), 'api.example.com');
});

t.test('the invitation is a request for half an hour, from the sender to the contact', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(
    await world.addPartner('acme', { fields: { contact_email: 'integration@acme.example', primary_contact: 'John "JD" Doe' } }),
  );
  await world.deliver();
  const [received] = world.smtp.received;
  const calendar = received?.mail.attachments.find(({ mimeType }) => mimeType === 'text/calendar');
  t.match(calendar, { method: 'REQUEST' });
  const lines = textOf(calendar?.content)
    .replace(/\r?\n[ \t]/g, '')
    .split(/\r?\n/);
  for (const line of [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'METHOD:REQUEST',
    'BEGIN:VEVENT',
    'UID:kickoff.beta_000001@example.com',
    'SEQUENCE:0',
    `DTSTAMP:${basic(start)}`,
    `DTSTART:${basic(kickoff)}`,
    `DTEND:${basic(kickoff + 30 * 60_000)}`,
    'SUMMARY:Kickoff: Triggers API and Acme Corp',
    'ORGANIZER;CN="Triggers API":mailto:beta@example.com',
    'END:VEVENT',
    'END:VCALENDAR',
  ])
    t.ok(lines.includes(line), `${line}, in ${JSON.stringify(lines)}`);
  t.ok(
    received?.mail.attachments.some(({ filename }) => filename === 'kickoff.ics'),
    'also as a file, for who has to open it',
  );
  const attendee = lines.find((line) => line.startsWith('ATTENDEE'));
  t.match(attendee, /;RSVP=TRUE.*;CN="John 'JD' Doe":MAILTO:integration@acme\.example$/);
  t.match(attendee, ';PARTSTAT=NEEDS-ACTION');
});

t.test('what a partner calls itself is text: in HTML, in headers, in the calendar and in Slack', async (t) => {
  const world = await createWorld(t);
  const evil = `<script>alert("1")</script> & 'Sons'\r\nBcc: victim@example.com\r\nATTENDEE:MAILTO:victim@example.com\u202E`;
  await world.enqueue(
    await world.addPartner('acme', {
      fields: { partner_name: `${evil} <!channel>`, contact_email: 'integration@acme.example', primary_contact: evil },
    }),
  );
  t.same(told(await world.deliver()), ['slack_channel done', 'slack_welcome done', 'welcome_email done']);
  const [received] = world.smtp.received;
  t.same(received?.to, ['integration@acme.example']);
  t.match(received?.mail, { bcc: undefined, to: [{ address: 'integration@acme.example' }] });
  t.equal(received?.mail.to?.length, 1);
  t.notMatch(received?.raw, /^bcc:/im);
  t.notMatch(received?.mail.html, '<script');
  t.match(received?.mail.html, '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;Sons&#39; Bcc: victim');
  t.notMatch(`${received?.mail.subject} ${received?.mail.text}`, /\u202E/);
  const calendar = received?.mail.attachments.find(({ mimeType }) => mimeType === 'text/calendar');
  t.equal(textOf(calendar?.content).match(/^ATTENDEE/gm)?.length, 1);
  const [channel] = world.slack.channels;
  t.match(channel?.messages[0]?.text, '&lt;!channel&gt;');
  t.notMatch(channel?.messages[0]?.text, '<!channel>');
  t.notMatch(channel?.topic, '<!channel>');
});

t.test('without the key, the mail shows how it begins', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme');
  await world.enqueue(acme, { withKey: false });
  await world.deliver();
  const [received] = world.smtp.received;
  t.notMatch(received?.raw, acme.key);
  t.match(received?.mail.text, `It begins with ${parseKey(acme.key)?.prefix}.`);
  t.notMatch(await world.everythingWritten(), 'key.mailed');
});

t.test('without a page of its own the guide is linked where this server answers it', async (t) => {
  const world = await createWorld(t);
  await world.enqueue(await world.addPartner('acme'));
  await world.deliver({ settings: { ...world.settings, GUIDE_URL: undefined } });
  const [received] = world.smtp.received;
  t.match(received?.mail.text, 'https://api.test.example/guide/getting-started\n');
  const guide = textOf(received?.mail.attachments.find(({ filename }) => filename === 'getting-started.md')?.content);
  t.match(guide, '(https://api.test.example/guide/troubleshooting)');
  t.notMatch(guide, /\]\((?!https:|#)/);
});

/** `20261126T150000Z` */
function basic(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}
