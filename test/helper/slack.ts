import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Test } from 'tap';
import { listen } from './listen.ts';

export type SlackMessage = {
  ts: string;
  text: string;
  metadata: { event_type: string; event_payload: Record<string, unknown> } | undefined;
};

export type SlackChannel = {
  id: string;
  name: string;
  topic: string;
  isMember: boolean;
  isArchived: boolean;
  isGeneral: boolean;
  creator: string;
  /** Seconds. */
  created: number;
  /** Addresses of other companies' people. */
  invited: string[];
  messages: SlackMessage[];
};

/**
 * How a request is answered instead of as asked for: with a status, a text in place of JSON, an error of Slack's own, not at all (`hang`), or
 * not at all although it was done (`drop`).
 */
export type Fault =
  | { status: number; headers?: Record<string, string>; body?: string }
  | { error: string; members?: Record<string, unknown> }
  | 'hang'
  | 'drop';

export type TestSlack = {
  /** Value of SLACK_API_URL. */
  url: string;
  token: string;
  /** The user that the app is. */
  user: string;
  channels: SlackChannel[];
  /** Methods in the order of their calls, with their arguments. */
  calls: { method: string; args: Record<string, string> }[];
  /** The next requests for `method` get these faults, one each. */
  fail(method: string, ...faults: Fault[]): void;
  addChannel(channel: Partial<SlackChannel> & { name: string }): SlackChannel;
  /** Requests that are hanging. */
  hanging: number;
};

/** Entries on a page, so few that a search turns pages. */
const pageSize = 2;

/** Slack's Web API as far as it is used, over HTTP on 127.0.0.1: it keeps channels and messages. It ends with the test. */
export async function startSlack(t: Pick<Test, 'teardown'>, token = 'xoxb-1-test-TokenOfTheTest'): Promise<TestSlack> {
  const faults = new Map<string, Fault[]>();
  const slack: TestSlack = {
    url: '',
    token,
    user: 'U00000BOT',
    channels: [],
    calls: [],
    hanging: 0,
    fail(method, ...more) {
      faults.set(method, [...(faults.get(method) ?? []), ...more]);
    },
    addChannel(given) {
      const channel = {
        id: `C${String(slack.channels.length + 1).padStart(8, '0')}`,
        topic: '',
        isMember: false,
        isArchived: false,
        isGeneral: false,
        creator: 'U0000JANE',
        created: Math.floor(Date.now() / 1000),
        invited: [],
        messages: [],
        ...given,
      };
      slack.channels.push(channel);
      return channel;
    },
  };
  const server = createServer((request, response) => void handle(request, response));
  slack.url = `${await listen(t, server)}/api/`;
  return slack;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.url?.replace('/api/', '') ?? '';
    const args = Object.fromEntries(new URLSearchParams(await text(request)));
    slack.calls.push({ method, args });
    const fault = faults.get(method)?.shift();
    if (fault === 'hang') {
      slack.hanging += 1;
      return;
    }
    if (typeof fault === 'object' && 'status' in fault) return void response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
    const send = (body: object) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (typeof fault === 'object') return send({ ok: false, error: fault.error, ...fault.members });
    if (request.headers.authorization !== `Bearer ${token}`) return send({ ok: false, error: 'invalid_auth' });
    const answer = answerTo(slack, method, args);
    if (fault === 'drop') return void response.destroy();
    send(answer);
  }
}

function answerTo(slack: TestSlack, method: string, args: Record<string, string>): object {
  if (method === 'auth.test') return { ok: true, user_id: slack.user, bot_id: 'B00000BOT' };
  if (method === 'conversations.create') {
    const { name = '' } = args;
    if (!/^[a-z0-9_-]{1,80}$/.test(name)) return { ok: false, error: 'invalid_name_specials' };
    if (slack.channels.some((channel) => channel.name === name)) return { ok: false, error: 'name_taken' };
    return { ok: true, channel: shown(slack.addChannel({ name, isMember: true, creator: slack.user })) };
  }
  if (method === 'conversations.list') {
    const { page, next } = pageOf(slack.channels, args.cursor);
    return { ok: true, channels: page.map(shown), response_metadata: { next_cursor: next } };
  }
  const channel = slack.channels.find(({ id }) => id === args.channel);
  if (!channel) return { ok: false, error: 'channel_not_found' };
  if (method === 'conversations.join') {
    channel.isMember = true;
    return { ok: true, channel: shown(channel) };
  }
  if (!channel.isMember) return { ok: false, error: 'not_in_channel' };
  if (method === 'conversations.setTopic') {
    channel.topic = args.topic ?? '';
    return { ok: true, channel: shown(channel) };
  }
  if (method === 'conversations.inviteShared') {
    channel.invited.push(...JSON.parse(args.emails ?? '[]'));
    return { ok: true, invite_id: 'I1', is_legacy_shared_channel: false };
  }
  if (method === 'conversations.history') {
    const newestFirst = channel.messages.filter(({ ts }) => Number(ts) >= Number(args.oldest ?? 0)).toReversed();
    const { page, next } = pageOf(newestFirst, args.cursor);
    const messages = page.map(({ metadata, ...message }) => (args.include_all_metadata === 'true' ? { ...message, metadata } : message));
    return { ok: true, messages, response_metadata: { next_cursor: next } };
  }
  if (method === 'chat.postMessage') {
    const ts = `${(Date.now() / 1000).toFixed(3)}${String(channel.messages.length).padStart(3, '0')}`;
    channel.messages.push({ ts, text: args.text ?? '', metadata: args.metadata ? JSON.parse(args.metadata) : undefined });
    return { ok: true, channel: channel.id, ts };
  }
  return { ok: false, error: 'unknown_method' };
}

function pageOf<T>(all: T[], cursor = '0'): { page: T[]; next: string } {
  const end = Number(cursor) + pageSize;
  return { page: all.slice(Number(cursor), end), next: end < all.length ? `${end}` : '' };
}

function shown({ id, name, topic, isMember, isArchived, isGeneral, creator, created, invited }: SlackChannel): object {
  const is = { is_member: isMember, is_archived: isArchived, is_general: isGeneral, is_pending_ext_shared: invited.length > 0 };
  return { id, name, topic: { value: topic }, creator, created, ...is };
}
