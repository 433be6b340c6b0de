import type { Selectable } from 'kysely';
import type { ShownKey } from '../../pipeline/auth/key-issue.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { Database } from '../../platform/schema.ts';

/** How to reach a partner. */
export type Contacts = {
  contact_email: string | null;
  contact_phone: string | null;
  slack_channel: string | null;
  primary_contact: string | null;
  backup_contact: string | null;
};

/** A partner as administrators see it. Times are RFC 3339, UTC. */
export type PartnerRecord = Contacts & {
  partner_id: string;
  slug: string;
  partner_name: string;
  status: 'active' | 'suspended';
  rate_limit_per_sec: number;
  rate_limit_burst: number;
  rate_limit_per_month: number;
  retention_hours: number;
  max_deliveries: number;
  created_at: string;
};

/** A partner in a list, with its newest good key, if it has one. */
export type ListedPartner = PartnerRecord & { key_prefix: string | null; expires_at: string | null };

/** A key as it may be shown: never the key itself. */
export type KeyRecord = {
  key_id: number;
  key_prefix: string;
  /** Slug of the partner. */
  partner: string;
  class: 'beta' | 'test' | 'live';
  scopes: string[];
  /** Networks from which it may be used; null: from everywhere. */
  allowed_cidrs: string[] | null;
  status: 'active' | 'expired' | 'revoked';
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  /** Number of the key that came in its place. */
  replaced_by: number | null;
  /** At most a minute behind. */
  last_used_at: string | null;
};

/** The one time that the key itself is seen. */
export type IssuedKey = KeyRecord & { api_key: string };

export function partnerRecord(row: Selectable<Database['partners']>): PartnerRecord {
  return {
    partner_id: row.partner_id,
    slug: row.slug,
    partner_name: row.name,
    status: row.status,
    rate_limit_per_sec: row.rate_limit_per_sec,
    rate_limit_burst: row.rate_limit_burst,
    rate_limit_per_month: Number(row.rate_limit_per_month),
    retention_hours: row.retention_seconds / 3600,
    max_deliveries: row.max_deliveries,
    contact_email: row.contact_email,
    contact_phone: row.contact_phone,
    slack_channel: row.slack_channel,
    primary_contact: row.primary_contact,
    backup_contact: row.backup_contact,
    created_at: formatTime(row.created_at.getTime()),
  };
}

export function keyRecord(row: ShownKey, partner: string, nowMs: number): KeyRecord {
  const isExpired = row.expires_at !== null && row.expires_at.getTime() <= nowMs;
  return {
    key_id: row.id,
    key_prefix: row.key_prefix,
    partner,
    class: row.class,
    scopes: row.scopes,
    allowed_cidrs: row.allowed_cidrs,
    status: row.revoked_at ? 'revoked' : isExpired ? 'expired' : 'active',
    created_at: formatTime(row.created_at.getTime()),
    expires_at: time(row.expires_at),
    revoked_at: time(row.revoked_at),
    replaced_by: row.replaced_by,
    last_used_at: time(row.last_used_at),
  };
}

function time(moment: Date | null): string | null {
  return moment && formatTime(moment.getTime());
}
