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
    max_deliveries: Generated<number>;
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
    replaced_by: number | null;
    allowed_cidrs: string[] | null;
    last_used_at: Date | null;
  };
  vault_secrets: {
    key_id: number;
    partner_id: number;
    version: number;
    master_key: string;
    wrapped_data_key: Buffer;
    sealed: Buffer;
    sealed_at: ColumnType<Date, never, never>;
    rewrapped_at: Date | null;
  };
  audit_log: {
    seq: ColumnType<string, never, never>;
    at: ColumnType<Date, never, never>;
    actor: ColumnType<string, string, never>;
    source: ColumnType<string, string, never>;
    action: ColumnType<string, string, never>;
    subject: ColumnType<string, string, never>;
    /** Slug. */
    partner: ColumnType<string | null, string | null, never>;
    reason: ColumnType<string | null, string | null, never>;
    details: ColumnType<Record<string, unknown>, string, never>;
    previous_hash: ColumnType<Buffer, never, never>;
    hash: ColumnType<Buffer, never, never>;
  };
  audit_head: { seq: ColumnType<string, never, never>; hash: ColumnType<Buffer, never, never> };
  onboarding_steps: {
    partner_id: number;
    step: 'slack_channel' | 'slack_welcome' | 'welcome_email';
    status: Generated<'pending' | 'done' | 'failed'>;
    input: ColumnType<Record<string, unknown>, string | undefined, string>;
    result: ColumnType<Record<string, unknown>, string | undefined, string>;
    attempts: Generated<number>;
    /** How often in a row the service asked to wait. */
    waits: Generated<number>;
    due_at: Date;
    /** Since when it is being tried. */
    claimed_at: Date | null;
    last_error: string | null;
    created_at: ColumnType<Date, never, never>;
    done_at: Date | null;
  };
  events: {
    partner_id: number;
    id: string;
    event_type: string;
    attributes: string;
    payload: string;
    xid: ColumnType<string, never, never>;
    expunged_at: Date | null;
  };
  acknowledgements: { partner_id: number; id: string; acknowledged_at: Date; deliveries: Generated<number>; lease_token: string | null };
  inbox: {
    partner_id: number;
    bytes: number;
    id: string;
    event_type: string;
    deliveries: Generated<number>;
    last_delivery: Generated<boolean>;
    replayed: Generated<boolean>;
    leased_at: Date | null;
    visible_at: Date | null;
    lease_token: string | null;
  };
  receives: { partner_id: number; receive_id: string; received_at: Date; event_ids: string[]; lease_tokens: string[] };
  dead_letters: {
    partner_id: number;
    id: string;
    event_type: string;
    attributes: string;
    payload: string;
    reason: 'rejected' | 'max_deliveries_exceeded';
    detail: string | null;
    deliveries: number;
    replayed: boolean;
    lease_token: string | null;
    dead_at: Date;
  };
  bulk_jobs: {
    partner_id: number;
    id: string;
    kind: 'redrive' | 'replay';
    status: Generated<'queued' | 'running' | 'completed' | 'failed'>;
    selection: unknown;
    max_per_second: number | null;
    matched: ColumnType<string, number, number>;
    moved: ColumnType<string, number | undefined, number>;
    position: string | null;
    next_at: Date;
    created_at: Date;
    started_at: Date | null;
    finished_at: Date | null;
  };
  idempotency_keys: { partner_id: number; key: string; event_id: string; fingerprint: Buffer };
  usage_months: { partner_id: number; month: string; accepted: ColumnType<string, number, number> };
};
