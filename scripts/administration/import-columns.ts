import { InvalidArgumentError } from 'commander';
import { isSlug } from '../../src/pipeline/auth/key-format.ts';
import { channel, email, expiry, integer, keyClass, line, networkList, partnerId, scopeList } from './options.ts';

/** How each column of a file is read. A reader gives the value or throws InvalidArgumentError with what to do. */
export const columns = {
  slug,
  partner_id: partnerId,
  partner_name: line,
  contact_email: email,
  contact_phone: line,
  slack_channel: channel,
  primary_contact: line,
  backup_contact: line,
  rate_limit_per_sec: integer(1, 10_000_000),
  rate_limit_burst: integer(1, 10_000_000),
  rate_limit_per_month: integer(0, Number.MAX_SAFE_INTEGER),
  retention_hours: integer(1, 720),
  expires_at: end,
  key_class: keyClass,
  scopes: (text: string) => scopeList(withoutSpaces(text)),
  allowed_cidrs: networks,
};

export type Column = keyof typeof columns;
export type Cells = { [Name in Column]?: ReturnType<(typeof columns)[Name]> };

export const columnNames = Object.keys(columns) as Column[];

function slug(text: string): string {
  if (isSlug(text)) return text;
  throw new InvalidArgumentError('It must be 2 to 24 lower-case letters and digits: it becomes part of the keys.');
}

/** Of a key; null: it does not expire. */
function end(text: string): Date | null {
  const read = expiry(text);
  return read === 'never' ? null : read;
}

/** Null: from everywhere. */
function networks(text: string): string[] | null {
  const read = networkList(text);
  return read === 'everywhere' ? null : read;
}

function withoutSpaces(list: string): string {
  return list.replace(/\s*,\s*/g, ',');
}
