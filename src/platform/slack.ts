import type { WebClient } from '@slack/web-api';
import { DeliveryError } from './delivery-error.ts';
import { slackError } from './slack-error.ts';

export type SlackSettings = {
  /** Of a bot with the scopes `channels:manage`, `channels:read`, `channels:join`, `channels:history`, `chat:write` and, to invite, `conversations.connect:write`. */
  token: string;
  /** Base of the methods; Slack's own, unless given. */
  apiUrl?: string;
  /** Milliseconds for each request. */
  timeoutMs?: number;
};

export type Channel = {
  id: string;
  name: string;
  topic: string;
  isMember: boolean;
  isArchived: boolean;
  isGeneral: boolean;
  /** With another company, or to be when it accepts. */
  isShared: boolean;
  /** The user who made it; '' where Slack does not say. */
  creator: string;
  /** When, as milliseconds; 0 where Slack does not say. */
  createdMs: number;
};

/** Marks a message as one of ours, so that it can be found again. */
export type MessageMark = { event: string; payload: Record<string, string> };

/** The part of Slack's Web API that is used. Every method throws DeliveryError, and tries once: who calls tries again. */
export type Slack = {
  /** The user that the app is. */
  ownUserId(): Promise<string>;
  /** Makes a public channel. */
  createChannel(name: string): Promise<Channel | 'name_taken'>;
  /** The public channel of that name, also an archived one. */
  findChannel(name: string): Promise<Channel | undefined>;
  joinChannel(id: string): Promise<void>;
  setTopic(id: string, topic: string): Promise<void>;
  /** Invites somebody of another company to the channel (Slack Connect). */
  invite(id: string, email: string): Promise<void>;
  /** Time stamp of the message with that mark in the channel, not older than `sinceMs`. */
  findMessage(id: string, mark: MessageMark, sinceMs: number): Promise<string | undefined>;
  /** Posts `text` (mrkdwn) under the mark. @returns its time stamp. */
  post(id: string, text: string, mark: MessageMark): Promise<string>;
};

const defaultTimeoutMs = 10_000;
/** The largest that conversations.list and conversations.history take. */
const pageSize = 999;
/** Pages that one search may ask for: about what Slack allows in a minute (20 calls; docs.slack.dev, rate limits, tier 2). */
const mostPages = 20;

export function createSlack({ token, apiUrl, timeoutMs = defaultTimeoutMs }: SlackSettings): Slack {
  let client: Promise<WebClient> | undefined;

  async function ask<Answer>(method: string, question: (client: WebClient) => Promise<Answer>): Promise<Answer> {
    try {
      // At the first use: a server that has no Slack need not keep it in memory.
      client ??= connect(token, apiUrl, timeoutMs);
      return await question(await client);
    } catch (error) {
      throw slackError(method, error, token);
    }
  }

  /** Turns pages until `look` finds something, or there are no more. */
  async function search<Page extends Paged, Found>(
    method: string,
    page: (client: WebClient, cursor: string | undefined) => Promise<Page>,
    look: (page: Page) => Found | undefined,
  ): Promise<Found | undefined> {
    const seen = new Set<string | undefined>();
    for (let cursor: string | undefined; !seen.has(cursor) && seen.size < mostPages; ) {
      seen.add(cursor);
      const answer = await ask(method, (slack) => page(slack, cursor));
      const found = look(answer);
      cursor = answer.response_metadata?.next_cursor || undefined;
      if (found !== undefined || cursor === undefined) return found;
    }
    throw new DeliveryError('retry', `Slack's pages of ${method} do not end (${seen.size} were read)`, { reason: 'no_last_page' });
  }

  return {
    async ownUserId() {
      const { user_id } = await ask('auth.test', (slack) => slack.auth.test());
      return understood('auth.test', user_id);
    },
    async createChannel(name) {
      try {
        const { channel } = await ask('conversations.create', (slack) => slack.conversations.create({ name }));
        return readChannel('conversations.create', channel);
      } catch (error) {
        if (error instanceof DeliveryError && error.reason === 'name_taken') return 'name_taken';
        throw error;
      }
    },
    async findChannel(name) {
      const found = await search(
        'conversations.list',
        (slack, cursor) => slack.conversations.list({ types: 'public_channel', exclude_archived: false, limit: pageSize, cursor }),
        ({ channels }) => channels?.find((channel) => channel.name === name),
      );
      return found && readChannel('conversations.list', found);
    },
    async joinChannel(channel) {
      await ask('conversations.join', (slack) => slack.conversations.join({ channel }));
    },
    async setTopic(channel, topic) {
      await ask('conversations.setTopic', (slack) => slack.conversations.setTopic({ channel, topic }));
    },
    async invite(channel, email) {
      await ask('conversations.inviteShared', (slack) => slack.conversations.inviteShared({ channel, emails: [email] }));
    },
    async findMessage(channel, { event, payload }, sinceMs) {
      const oldest = (sinceMs / 1000).toFixed(6);
      const found = await search(
        'conversations.history',
        (slack, cursor) => slack.conversations.history({ channel, oldest, include_all_metadata: true, limit: pageSize, cursor }),
        ({ messages }) =>
          messages?.find(
            ({ metadata }) => metadata?.event_type === event && sameMembers(payload, metadata.event_payload as Record<string, unknown>),
          ),
      );
      return found?.ts;
    },
    async post(channel, text, { event, payload }) {
      const { ts } = await ask('chat.postMessage', (slack) =>
        slack.chat.postMessage({
          channel,
          text,
          metadata: { event_type: event, event_payload: payload },
          unfurl_links: false,
          unfurl_media: false,
        }),
      );
      return understood('chat.postMessage', ts);
    },
  };
}

/** Repeating is the caller's matter, and nothing is printed: the library's log would hold what is sent. */
async function connect(token: string, slackApiUrl: string | undefined, timeout: number): Promise<WebClient> {
  const { LogLevel, WebClient } = await import('@slack/web-api');
  const silent = () => {};
  return new WebClient(token, {
    ...(slackApiUrl && { slackApiUrl }),
    timeout,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: {
      debug: silent,
      info: silent,
      warn: silent,
      error: silent,
      setLevel: silent,
      getLevel: () => LogLevel.ERROR,
      setName: silent,
    },
  });
}

type Paged = { response_metadata?: { next_cursor?: string } };

type RawChannel = {
  id?: string;
  name?: string;
  topic?: { value?: string };
  is_member?: boolean;
  is_archived?: boolean;
  is_general?: boolean;
  is_ext_shared?: boolean;
  is_pending_ext_shared?: boolean;
  creator?: string;
  /** Seconds. */
  created?: number;
};

function readChannel(method: string, raw: RawChannel | undefined): Channel {
  return {
    id: understood(method, raw?.id),
    name: understood(method, raw?.name),
    topic: raw?.topic?.value ?? '',
    isMember: raw?.is_member === true,
    isArchived: raw?.is_archived === true,
    isGeneral: raw?.is_general === true,
    isShared: raw?.is_ext_shared === true || raw?.is_pending_ext_shared === true,
    creator: raw?.creator ?? '',
    createdMs: (raw?.created ?? 0) * 1000,
  };
}

/** A member without which the answer means nothing. */
function understood(method: string, value: unknown): string {
  if (typeof value === 'string' && /^[\w.-]{1,100}$/.test(value)) return value;
  throw new DeliveryError('retry', `Slack answered ${method} with something else`);
}

function sameMembers(expected: Record<string, string>, actual: Record<string, unknown> | undefined): boolean {
  return Object.entries(expected).every(([name, value]) => actual?.[name] === value);
}
