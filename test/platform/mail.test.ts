import { createServer } from 'node:net';
import t from 'tap';
import { DeliveryError, tidy } from '../../src/platform/delivery-error.ts';
import { createMailer, type Message, parseAddress } from '../../src/platform/mail.ts';
import { smtpError, startSmtp } from '../helper/smtp.ts';

const message: Message = {
  to: { name: 'John Doe', address: 'john@acme.example' },
  subject: 'Hello',
  text: 'text',
  html: '<p>html</p>',
  messageId: '<hello@example.com>',
  attachments: [],
};
const from = 'Triggers API <beta@example.com>';

/** What `send` says of the failure. */
async function failureOf(url: string, { timeoutMs, ...changed }: Partial<Message> & { timeoutMs?: number } = {}) {
  const error = await createMailer({ url, from, timeoutMs })
    .send({ ...message, ...changed })
    .then(
      () => new Error('it was sent'),
      (error) => error,
    );
  if (!(error instanceof DeliveryError)) throw error;
  return { outcome: error.outcome, message: error.message, cause: error.cause };
}

t.test('a message arrives with its parts, its sender and where answers go', async (t) => {
  const smtp = await startSmtp(t, { user: 'api@key', password: 'p/ss:word' });
  await createMailer({ url: smtp.url, from, replyTo: 'support@example.com' }).send({
    ...message,
    attachments: [{ filename: 'guide.md', contentType: 'text/markdown', content: '# Guide' }],
    invitation: 'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n',
  });
  t.match(smtp.received, [
    {
      to: ['john@acme.example'],
      user: 'api@key',
      mail: {
        from: { name: 'Triggers API', address: 'beta@example.com' },
        to: [{ name: 'John Doe', address: 'john@acme.example' }],
        replyTo: [{ address: 'support@example.com' }],
        subject: 'Hello',
        messageId: '<hello@example.com>',
        text: 'text\n',
        html: '<p>html</p>\n',
      },
    },
  ]);
  t.notMatch(smtp.received[0]?.raw, /^x-mailer/im, 'it does not say what sent it');
});

t.test('a refusal for good is told from one for now', async (t) => {
  const smtp = await startSmtp(t);
  smtp.refuse.recipient = () => smtpError(550, '5.1.1 no such mailbox');
  t.match(await failureOf(smtp.url), {
    outcome: 'permanent',
    message: /refused the recipient, contact_email \(550 5\.1\.1 no such mailbox\)/,
  });
  smtp.refuse.recipient = () => smtpError(451, '4.7.1 greylisted, come back');
  t.match(await failureOf(smtp.url), { outcome: 'retry', message: /451 4\.7\.1 greylisted/ });
  smtp.refuse = { message: () => smtpError(554, '5.6.0 we do not like text') };
  const refused = await failureOf(smtp.url);
  t.match(refused, { outcome: 'permanent', message: 'the mail server refused the message (554 5.6.0)' });
  smtp.refuse = { message: () => smtpError(452, 'disk full') };
  t.match(await failureOf(smtp.url), { outcome: 'retry', message: /\(452\)/ });
  t.equal(smtp.received.length, 0);
});

t.test('who was written to is in no error, however the server says it', async (t) => {
  const smtp = await startSmtp(t);
  smtp.refuse.recipient = () => smtpError(550, '5.1.1 <JOHN@acme.EXAMPLE> (Jon (J.)  Doe) is unknown: john');
  const failure = await failureOf(smtp.url, { to: { name: 'Jon (J.) Doe', address: 'john@acme.example' } });
  t.match(failure, { message: 'the mail server refused the recipient, contact_email (550 5.1.1 <…> (…) is unknown: …)' });
});

t.test('a wrong password is a refusal for good, and is not repeated in the error', async (t) => {
  const smtp = await startSmtp(t, { user: 'apikey', password: 'right' });
  const failure = await failureOf(smtp.url.replace('right', 'wrong-password'));
  t.match(failure, { outcome: 'permanent', message: 'the mail server refused the user or password of SMTP_URL (535)', cause: undefined });
});

t.test('a server that is down, hangs up or says nothing is worth another try', async (t) => {
  const smtp = await startSmtp(t);
  await smtp.stop();
  t.match(await failureOf(smtp.url), { outcome: 'retry', message: /not reached, or did not answer \(ECONNREFUSED\)/ });
  const mute = createServer((socket) => socket.on('error', () => {}));
  const port = await new Promise<number>((resolve) =>
    mute.listen(0, '127.0.0.1', () => resolve((mute.address() as { port: number }).port)),
  );
  t.teardown(() => mute.close());
  t.match(await failureOf(`smtp://127.0.0.1:${port}`, { timeoutMs: 50 }), { outcome: 'retry', message: /did not answer/ });
  mute.on('connection', (socket) => socket.destroy());
  t.match(await failureOf(`smtp://127.0.0.1:${port}`), { outcome: 'retry', message: /did not answer/ });
  await smtp.start();
  await createMailer({ url: smtp.url, from }).send(message);
  t.equal(smtp.received.length, 1);
});

t.test('nothing is said without TLS to a server that is not on this machine, unless the URL allows it', async (t) => {
  const plain = await startSmtp(t);
  const elsewhere = `smtp://0.0.0.0:${plain.port}`; // leads here, and is not known to do so
  t.match(await failureOf(elsewhere), { outcome: 'retry', message: /no TLS with the mail server/ });
  t.match(await failureOf(`${elsewhere}?ignoreTLS=false`), { outcome: 'retry', message: /no TLS/ });
  t.equal(plain.attempts, 0);
  await createMailer({ url: `${elsewhere}?ignoreTLS=true`, from }).send(message);
  t.equal(plain.attempts, 1);
  const selfSigned = await startSmtp(t, { server: { disabledCommands: ['AUTH'] } });
  t.match(await failureOf(`smtp://0.0.0.0:${selfSigned.port}`), { outcome: 'retry', message: /no TLS|did not answer/ });
  t.equal(selfSigned.attempts, 0, 'a certificate that nobody vouches for is none');
});

t.test('a header has one line, whatever the name and the subject hold', async (t) => {
  const smtp = await startSmtp(t);
  const evil = 'Acme\r\nBcc: victim@example.com\r\n\r\nbody';
  await createMailer({ url: smtp.url, from }).send({ ...message, to: { name: evil, address: 'john@acme.example' }, subject: evil });
  const [received] = smtp.received;
  t.same(received?.to, ['john@acme.example']);
  t.equal(received?.mail.bcc, undefined);
  t.notMatch(received?.raw, /^bcc:/im);
});

t.test('settings that are not usable are named and not repeated', (t) => {
  t.throws(() => createMailer({ url: 'http://user:secret@host', from }), { message: /^SMTP_URL is not smtp:/ });
  t.throws(() => createMailer({ url: 'smtp://host', from: 'nobody' }), { message: /^MAIL_FROM is neither/ });
  t.throws(() => createMailer({ url: 'smtp://host', from, replyTo: 'a@b, c@d' }), { message: /^MAIL_REPLY_TO is neither/ });
  t.same(createMailer({ url: 'smtps://host', from: 'beta@example.com' }).from, { address: 'beta@example.com' });
  t.end();
});

t.test('an address is exactly one', (t) => {
  t.same(parseAddress('john@acme.example'), { address: 'john@acme.example' });
  t.same(parseAddress('"Doe, John" <john@acme.example>'), { name: 'Doe, John', address: 'john@acme.example' });
  for (const wrong of ['', 'john', 'a@b, c@d', 'a@b c@d', 'John <a@b> <c@d>', 'a@b\r\nBcc: c@d', '<a@b>,c@d', 'John <john>', 'a@b@c'])
    t.equal(parseAddress(wrong), undefined, JSON.stringify(wrong));
  t.end();
});

t.test('what a service says is kept as one short line without secrets', (t) => {
  t.equal(tidy(' a\r\n b\u2028c '), 'a b c');
  t.equal(tidy('no hunter2 here', ['hunter2', undefined]), 'no … here');
  t.equal(tidy('no HUNTER2.here, nor hunter2xhere', ['hunter2.HERE']), 'no …, nor hunter2xhere');
  t.equal(tidy('a pass \r\n word', ['pass  word']), 'a …');
  t.equal(tidy('Al is not at all here, al?', ['Al', '', ' ']), '… is not at all here, …?', 'a short one as a word');
  t.equal(tidy('key sk_beta_acme_0123456789abcdefghijklmnopqrstuvwxyz!'), 'key …!');
  t.ok(tidy('x'.repeat(1000)).length < 200);
  t.end();
});
