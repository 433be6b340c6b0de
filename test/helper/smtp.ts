import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { Test } from 'tap';

export type Received = { raw: string; mail: Email; to: string[]; user: string | undefined };

export type TestSmtp = {
  /** `smtp://…`, with the user and password that it wants. */
  url: string;
  port: number;
  /** What has arrived, in its order. */
  received: Received[];
  /** How many messages it is asked to take, taken or not. */
  attempts: number;
  /** Asked at RCPT TO and after DATA; an error, with an SMTP code in `responseCode`, refuses. */
  refuse: { recipient?(address: string): Error | undefined; message?(): Error | undefined };
  /** Awaited between a message and the answer to it. */
  hold: (() => Promise<void>) | undefined;
  /** It hangs up when it has a message, in place of an answer. */
  hangsUp: boolean;
  /** Ends the server, so that nobody listens. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  start(): Promise<void>;
};

type Connected = { connections: Set<{ _socket: Socket }> };

export type SmtpOptions = { user?: string; password?: string; server?: SMTPServerOptions };

/** An error with which the server answers `code text`. */
export function smtpError(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}

/** A mail server on 127.0.0.1 that keeps what it gets; without TLS. It ends with the test. */
export async function startSmtp(t: Pick<Test, 'teardown'>, { user, password, server: options }: SmtpOptions = {}): Promise<TestSmtp> {
  let server: SMTPServer;
  const smtp: TestSmtp = {
    url: '',
    port: 0,
    received: [],
    attempts: 0,
    refuse: {},
    hold: undefined,
    hangsUp: false,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
    async start() {
      server = new SMTPServer({
        disabledCommands: user ? ['STARTTLS'] : ['STARTTLS', 'AUTH'],
        authOptional: !user,
        allowInsecureAuth: true,
        disableReverseLookup: true,
        closeTimeout: 100,
        onAuth(auth, _session, done) {
          if (auth.username === user && auth.password === password) done(null, { user });
          else done(smtpError(535, `no entry for ${auth.username} with ${auth.password}`));
        },
        onRcptTo: ({ address }, _session, done) => done(smtp.refuse.recipient?.(address)),
        onData(stream, session, done) {
          smtp.attempts += 1;
          buffer(stream).then(async (raw) => {
            const refusal = smtp.refuse.message?.();
            if (refusal) return done(refusal);
            const to = session.envelope.rcptTo.map(({ address }) => address);
            smtp.received.push({ raw: raw.toString('utf8'), mail: await PostalMime.parse(raw), to, user: session.user });
            await smtp.hold?.();
            // The connections are not among its types.
            if (smtp.hangsUp) for (const { _socket } of (server as unknown as Connected).connections) _socket.destroy();
            else done(null);
          }, done);
        },
        ...options,
      });
      server.on('error', () => {}); // of a connection that a test has cut
      const listener = server.listen(smtp.port, '127.0.0.1');
      await once(listener, 'listening');
      smtp.port = (listener.address() as AddressInfo).port;
    },
  };
  await smtp.start();
  t.teardown(() => smtp.stop());
  const credentials = user ? `${encodeURIComponent(user)}:${encodeURIComponent(password ?? '')}@` : '';
  smtp.url = `smtp://${credentials}127.0.0.1:${smtp.port}`;
  return smtp;
}
