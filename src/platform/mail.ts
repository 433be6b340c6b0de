import { DeliveryError, tidy } from './delivery-error.ts';

export type Address = { name?: string; address: string };

export type MailSettings = {
  /** `smtp://user:password@host:587`, or `smtps://`; `?ignoreTLS=true` for a server without TLS that is not on this machine. */
  url: string;
  /** `Name <address>`, or an address. */
  from: string;
  /** Where answers go, when not to `from`. */
  replyTo?: string;
  /** Milliseconds for each wait for the server; all of one message has six times that. */
  timeoutMs?: number;
};

export type Message = {
  to: Address;
  subject: string;
  text: string;
  html: string;
  /** The same for every delivery of the same message, so that a repeated one can be told. */
  messageId: string;
  attachments: { filename: string; contentType: string; content: string }[];
  /** iCalendar text with METHOD:REQUEST. */
  invitation?: string;
};

export type Mailer = {
  from: Address;
  /** Where answers go. */
  replyTo: Address;
  /**
   * Gives the message to the server. Done means that the server has taken it, not that anybody has read it.
   * @throws DeliveryError `permanent` when the server refuses user, sender, recipient or content for good; `retry` otherwise.
   */
  send(message: Message): Promise<void>;
};

const defaultTimeoutMs = 10_000;
const wholeMessageFactor = 6;

/** A client of an SMTP server; each message has a connection of its own. @throws TypeError when a setting is not usable, without repeating it. */
export function createMailer({ url, from, replyTo, timeoutMs = defaultTimeoutMs }: MailSettings): Mailer {
  const server = parseServer(url);
  const sender = requireAddress('MAIL_FROM', from);
  const answersTo = replyTo ? requireAddress('MAIL_REPLY_TO', replyTo) : sender;
  return {
    from: sender,
    replyTo: answersTo,
    async send({ to, invitation, ...message }) {
      // At the first use: a server that sends no mail need not keep it in memory.
      const { createTransport } = await import('nodemailer');
      const transport = createTransport({
        ...server,
        connectionTimeout: timeoutMs,
        greetingTimeout: timeoutMs,
        socketTimeout: timeoutMs,
        dnsTimeout: timeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      try {
        await transport.sendMail({
          ...message,
          from: written(sender),
          replyTo: written(answersTo),
          to: written(to),
          ...(invitation !== undefined && { icalEvent: { method: 'REQUEST', filename: 'kickoff.ics', content: invitation } }),
          signal: AbortSignal.timeout(timeoutMs * wholeMessageFactor),
        });
      } catch (error) {
        throw mailError(error, [server.auth?.pass, ...namesOf(to)]);
      } finally {
        transport.close();
      }
    },
  };
}

const addressPattern = /^[^\s<>()[\]@,;:\\"\p{Cc}]+@[^\s<>()[\]@,;:\\"\p{Cc}]+$/u;

/** `Name <address>` or an address; undefined when it is not exactly one of them. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:"?([^"<>]*?)"?\s*<([^<>]+)>|([^<>\s]+))$/.exec(text.trim());
  const address = match?.[2] ?? match?.[3];
  if (!match || address === undefined || !addressPattern.test(address) || /\p{Cc}/u.test(text)) return undefined;
  return { ...(match[1] && { name: match[1] }), address };
}

function requireAddress(variable: string, text: string): Address {
  const address = parseAddress(text);
  if (!address) throw new TypeError(`${variable} is neither "Name <address>" nor an address`);
  return address;
}

function written({ name, address }: Address): { name: string; address: string } {
  return { name: name ?? '', address };
}

/** Only these parts of the URL count: an option of the library in it, such as its logging of what is said, could give a password away. */
function parseServer(url: string) {
  const { protocol, hostname, port, username, password, searchParams } = readUrl(url);
  const secure = protocol === 'smtps:';
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const plain = isLoopback(host) || (searchParams.has('ignoreTLS') && searchParams.get('ignoreTLS') !== 'false');
  return {
    host,
    port: port ? Number(port) : secure ? 465 : 587,
    secure,
    requireTLS: !secure && !plain,
    ignoreTLS: !secure && plain,
    auth: username || password ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : undefined,
  };
}

function readUrl(url: string): URL {
  const parsed = URL.parse(url);
  if (parsed && (parsed.protocol === 'smtp:' || parsed.protocol === 'smtps:') && parsed.hostname) return parsed;
  throw new TypeError('SMTP_URL is not smtp://user:password@host:port or smtps://…');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

type SmtpError = { code?: string; originalCode?: string; responseCode?: number; response?: string; command?: string };

/** How a server may name whom it does not want to write to. */
function namesOf({ name, address }: Address): (string | undefined)[] {
  return [address, address.slice(0, address.lastIndexOf('@')), name];
}

function mailError(error: unknown, secrets: readonly (string | undefined)[]): DeliveryError {
  const { code, originalCode, responseCode, response, command = '' } = error as SmtpError;
  const answer = responseCode === undefined ? '' : ` (${said(responseCode, response, code, secrets)})`;
  const reason = responseCode === undefined ? (originalCode ?? code) : codesOf(responseCode, response);
  const failure = (outcome: 'retry' | 'permanent', message: string) => new DeliveryError(outcome, message, { reason });
  // RFC 5321, 4.2.1: 5yz is final. A refusal of the connection itself says nothing about the message, so it is not.
  if (responseCode !== undefined && responseCode >= 500) {
    if (command.startsWith('AUTH')) return failure('permanent', `the mail server refused the user or password of SMTP_URL${answer}`);
    if (command === 'MAIL FROM') return failure('permanent', `the mail server refused the sender, MAIL_FROM${answer}`);
    if (command === 'RCPT TO') return failure('permanent', `the mail server refused the recipient, contact_email${answer}`);
    if (command === 'DATA') return failure('permanent', `the mail server refused the message${answer}`);
  }
  if (code === 'ETLS') return failure('retry', `no TLS with the mail server (${originalCode ?? responseCode ?? 'not offered'})`);
  if (answer) return failure('retry', `the mail server did not take the message${answer}`);
  return failure('retry', `the mail server was not reached, or did not answer (${originalCode ?? code ?? (error as Error).name})`);
}

/** Once the server has seen the message, its words may hold a part of it: then only the codes are told. */
function said(
  responseCode: number,
  response: string | undefined,
  code: string | undefined,
  secrets: readonly (string | undefined)[],
): string {
  if (code !== 'EMESSAGE' && code !== 'EAUTH') return tidy(response ?? `${responseCode}`, secrets);
  return codesOf(responseCode, response);
}

/** `550 5.1.1`, or `550`. */
function codesOf(responseCode: number, response: string | undefined): string {
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response ?? '')?.[1];
  return enhanced ? `${responseCode} ${enhanced}` : `${responseCode}`;
}
