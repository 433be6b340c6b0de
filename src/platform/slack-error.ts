import { DeliveryError, tidy } from './delivery-error.ts';

/** Errors of Slack's methods that may be gone the next time (docs.slack.dev, errors common to all methods). */
const passing = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'ratelimited',
  'rate_limited',
  'accesslimited',
  'team_added_to_org',
]);

/** What an administrator can do about the others. */
const advice: Record<string, string> = {
  invalid_auth: 'SLACK_BOT_TOKEN is not a token of an installed app',
  not_authed: 'SLACK_BOT_TOKEN is not a token of an installed app',
  account_inactive: 'the app of SLACK_BOT_TOKEN is not installed any more',
  token_revoked: 'SLACK_BOT_TOKEN was revoked; install the app again',
  token_expired: 'SLACK_BOT_TOKEN has expired; install the app again',
  missing_scope: 'give the app channels:manage, channels:read, channels:join, channels:history and chat:write, and install it again',
  restricted_action: 'the workspace does not let apps do it; ask its owner',
  is_archived: 'unarchive the channel, or name another as the slack_channel of the partner',
  channel_not_found: 'the channel is gone, or hidden from the app; invite the app to it',
  not_in_channel: 'invite the app to the channel',
};

/** A longer wait is no answer that is meant, and a shorter one would have the same asked again without a breath. */
const longestWaitSeconds = 86_400;
const shortestWaitSeconds = 1;

type ClientError = {
  code?: string;
  /** Seconds. */
  retryAfter?: number;
  statusCode?: number;
  data?: { error?: unknown };
  /** Of a TimeoutError, `code` is a number that tells nobody anything. */
  original?: { name?: string; code?: string | number; cause?: { code?: string } };
};

/** What an error of the client means for who would call `method` again. Nothing of it that could hold the token gets into the message. */
export function slackError(method: string, error: unknown, token: string): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const { code, retryAfter, statusCode, data, original } = error as ClientError;
  if (code === 'slack_webapi_rate_limited_error' && retryAfter !== undefined) {
    const seconds = Math.min(Math.max(retryAfter, shortestWaitSeconds), longestWaitSeconds);
    return new DeliveryError('retry', `Slack asks to wait ${seconds} s before the next ${method}`, {
      retryAfterMs: seconds * 1000,
      reason: 'ratelimited',
    });
  }
  if (code === 'slack_webapi_platform_error') return refusal(method, data?.error, token);
  if (code === 'slack_webapi_http_error' && statusCode !== undefined) {
    const passes = statusCode >= 500 || statusCode === 408;
    return new DeliveryError(
      passes ? 'retry' : 'permanent',
      `Slack answered ${method} with HTTP ${statusCode}${passes ? '' : '; is SLACK_API_URL right?'}`,
      { reason: `http_${statusCode}` },
    );
  }
  const why = [original?.cause?.code, original?.code, original?.name, (error as Error).name].find((each) => typeof each === 'string');
  return new DeliveryError('retry', `Slack did not answer ${method} (${tidy(`${why}`, [token])})`);
}

function refusal(method: string, error: unknown, token: string): DeliveryError {
  // The client puts the text of an answer that is not JSON where a word is expected.
  if (typeof error !== 'string' || !/^[a-z0-9_]{1,60}$/.test(error) || error === token)
    return new DeliveryError('retry', `Slack answered ${method} with something else`);
  const hint = advice[error];
  return new DeliveryError(passing.has(error) ? 'retry' : 'permanent', `Slack refused ${method}: ${error}${hint ? `; ${hint}` : ''}`, {
    reason: error,
  });
}
