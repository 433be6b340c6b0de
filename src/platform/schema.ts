import type { ColumnType, Generated } from 'kysely';

/** The tables as Kysely sees them; `migrations/` is the source, `migrations/schema.sql` its dump. */
export type Database = {
  partners: {
    id: ColumnType<number, never, never>;
    slug: string;
    partner_id: string;
    name: string;
    status: Generated<'active' | 'suspended'>;
    rate_limit_per_sec: Generated<number>;
    rate_limit_burst: Generated<number>;
    /** bigint: read as a string by pg, at most 2^53 by the rules of the product. */
    rate_limit_per_month: ColumnType<string, number | undefined, number>;
    retention_seconds: Generated<number>;
    expired_through: ColumnType<Date, Date | undefined, Date>;
    contact_email: string | null;
    contact_phone: string | null;
    slack_channel: string | null;
    primary_contact: string | null;
    backup_contact: string | null;
    created_at: ColumnType<Date, never, never>;
  };
  api_keys: {
    id: ColumnType<number, never, never>;
    partner_id: number;
    key_hash: Buffer;
    key_prefix: string;
    class: 'beta' | 'test' | 'live';
    scopes: string[];
    created_at: ColumnType<Date, never, never>;
    expires_at: Date | null;
    revoked_at: Date | null;
  };
  events: {
    partner_id: number;
    id: string;
    event_type: string;
    attributes: string;
    payload: string;
  };
  acknowledgements: { partner_id: number; id: string; acknowledged_at: Date };
  inbox: { partner_id: number; bytes: number; id: string; event_type: string };
  idempotency_keys: { partner_id: number; key: string; event_id: string; fingerprint: Buffer };
  usage_months: { partner_id: number; month: string; accepted: ColumnType<string, number, number> };
};
