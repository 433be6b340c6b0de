/**
 * Text of a partner as one line: in a header of a mail or a line of a calendar a line break would begin another, and a mark that turns the
 * direction of writing would disguise what follows.
 */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, '')
    .trim();
}

const longestChannelName = 80;

/**
 * Name of a partner's channel, without `#`: what its record says, in Slack's letters (lower-case letters, digits, hyphens and underscores, 80 at
 * most), or `<slug>-beta`.
 */
export function channelName({ slug, slack_channel }: { slug: string; slack_channel: string | null }): string {
  const named = (slack_channel ?? '')
    .trim()
    .toLowerCase()
    .replace(/^#+/, '')
    .replace(/[^a-z0-9_-]+/g, '-')
    .slice(0, longestChannelName)
    .replace(/^-+|-+$/g, '');
  return named || `${slug}-beta`;
}

/** Text as words in a message of Slack: it cannot mention a channel or hide a link (docs.slack.dev, escaping text). */
export function slackText(text: string): string {
  return oneLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
