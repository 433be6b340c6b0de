-- Made by `npm run generate` from the migrated database: the sum of all migrations, for reading. Not to be edited or run.

CREATE TABLE acknowledgements (
  partner_id integer NOT NULL,
  id uuid NOT NULL,
  acknowledged_at timestamp with time zone NOT NULL,
  deliveries smallint NOT NULL DEFAULT 0,
  lease_token uuid,
  CONSTRAINT acknowledgements_pkey PRIMARY KEY (partner_id, id)
) PARTITION BY RANGE (id);

CREATE TABLE api_keys (
  id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  partner_id integer NOT NULL,
  key_hash bytea NOT NULL,
  key_prefix text NOT NULL,
  class text NOT NULL,
  scopes text[] NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  replaced_by integer,
  allowed_cidrs cidr[],
  last_used_at timestamp with time zone,
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
  CONSTRAINT api_keys_partner_id_fkey FOREIGN KEY (partner_id) REFERENCES partners(id),
  CONSTRAINT api_keys_replaced_by_fkey FOREIGN KEY (replaced_by) REFERENCES api_keys(id),
  CONSTRAINT api_keys_allowed_cidrs_check CHECK (((cardinality(allowed_cidrs) >= 1) AND (cardinality(allowed_cidrs) <= 100))),
  CONSTRAINT api_keys_class_check CHECK ((class = ANY (ARRAY['beta'::text, 'test'::text, 'live'::text]))),
  CONSTRAINT api_keys_key_hash_check CHECK ((octet_length(key_hash) = 32)),
  CONSTRAINT audit TRIGGER DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX api_keys_partner_id ON api_keys USING btree (partner_id);
CREATE CONSTRAINT TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON api_keys DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('key');
CREATE TRIGGER auth_changed AFTER INSERT OR DELETE OR UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION notify_auth_changed('partner_id');
COMMENT ON COLUMN api_keys.key_hash IS 'HMAC-SHA-256 of the key under a pepper that is not in this database.';
COMMENT ON COLUMN api_keys.replaced_by IS 'The key that came in its place, from when on it has an end.';
COMMENT ON COLUMN api_keys.allowed_cidrs IS 'Networks from which the key may be used; null: from everywhere.';
COMMENT ON COLUMN api_keys.last_used_at IS 'Sampled: at most a minute behind, and not a change of the key.';

CREATE TABLE audit_head (
  singleton boolean NOT NULL DEFAULT true,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT audit_head_pkey PRIMARY KEY (singleton),
  CONSTRAINT audit_head_singleton_check CHECK (singleton)
);

CREATE TABLE audit_log (
  seq bigint NOT NULL,
  at timestamp with time zone NOT NULL,
  actor text NOT NULL,
  source text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  partner text,
  reason text,
  details json NOT NULL DEFAULT '{}'::json,
  previous_hash bytea NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT audit_log_pkey PRIMARY KEY (seq)
);
CREATE INDEX audit_log_action ON audit_log USING btree (action, seq);
CREATE INDEX audit_log_partner ON audit_log USING btree (partner, seq);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_chain();
COMMENT ON COLUMN audit_log.partner IS 'Slug of the partner whom it concerns.';

CREATE TABLE bulk_jobs (
  partner_id integer NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL,
  status text NOT NULL DEFAULT 'queued'::text,
  selection jsonb NOT NULL,
  max_per_second integer,
  matched bigint NOT NULL,
  moved bigint NOT NULL DEFAULT 0,
  "position" text,
  created_at timestamp with time zone NOT NULL,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  next_at timestamp with time zone NOT NULL,
  CONSTRAINT bulk_jobs_pkey PRIMARY KEY (partner_id, id),
  CONSTRAINT bulk_jobs_kind_check CHECK ((kind = ANY (ARRAY['redrive'::text, 'replay'::text]))),
  CONSTRAINT bulk_jobs_max_per_second_check CHECK ((max_per_second > 0)),
  CONSTRAINT bulk_jobs_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'completed'::text, 'failed'::text])))
);
CREATE UNIQUE INDEX bulk_jobs_unfinished ON bulk_jobs USING btree (partner_id) WHERE status = ANY (ARRAY['queued'::text, 'running'::text]);
COMMENT ON COLUMN bulk_jobs."position" IS 'How far the job has come, for the next process to go on from.';
COMMENT ON COLUMN bulk_jobs.next_at IS 'When the next portion of an unfinished job is due; the one that has been due for longest is moved first.';

CREATE TABLE dead_letters (
  partner_id integer NOT NULL,
  id uuid NOT NULL,
  event_type text NOT NULL,
  attributes text NOT NULL,
  payload text NOT NULL,
  reason text NOT NULL,
  detail text,
  deliveries smallint NOT NULL,
  replayed boolean NOT NULL,
  lease_token uuid,
  dead_at timestamp with time zone NOT NULL,
  CONSTRAINT dead_letters_pkey PRIMARY KEY (partner_id, id),
  CONSTRAINT dead_letters_reason_check CHECK ((reason = ANY (ARRAY['rejected'::text, 'max_deliveries_exceeded'::text])))
);
CREATE INDEX dead_letters_age ON dead_letters USING btree (partner_id, dead_at, id);
COMMENT ON COLUMN dead_letters.detail IS 'What the worker said when it rejected the event.';

CREATE TABLE events (
  partner_id integer NOT NULL,
  id uuid NOT NULL,
  event_type text NOT NULL,
  attributes text NOT NULL,
  payload text NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  expunged_at timestamp with time zone,
  CONSTRAINT events_pkey PRIMARY KEY (partner_id, id)
) PARTITION BY RANGE (id);
COMMENT ON COLUMN events.expunged_at IS 'When payload and metadata were taken away at the partner''s wish.';

CREATE TABLE idempotency_keys (
  partner_id integer NOT NULL,
  key text NOT NULL,
  event_id uuid NOT NULL,
  fingerprint bytea NOT NULL,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (partner_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys USING btree (partner_id, event_id);

CREATE TABLE inbox (
  partner_id integer NOT NULL,
  bytes integer NOT NULL,
  id uuid NOT NULL,
  event_type text NOT NULL,
  deliveries smallint NOT NULL DEFAULT 0,
  last_delivery boolean NOT NULL DEFAULT false,
  replayed boolean NOT NULL DEFAULT false,
  leased_at timestamp with time zone,
  visible_at timestamp with time zone,
  lease_token uuid,
  CONSTRAINT inbox_pkey PRIMARY KEY (partner_id, id)
) WITH (fillfactor=50, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=20000, autovacuum_vacuum_insert_scale_factor=0, autovacuum_vacuum_insert_threshold=200000, autovacuum_analyze_scale_factor=0.2, autovacuum_vacuum_cost_delay=0);
CREATE INDEX inbox_last_delivery ON inbox USING btree (partner_id, id) WHERE last_delivery;
COMMENT ON COLUMN inbox.last_delivery IS 'True from the delivery on that reached the partner''s cap: when that lease lapses, the event is a dead letter.';
COMMENT ON COLUMN inbox.leased_at IS 'When the lease was taken; null when it was given back.';
COMMENT ON COLUMN inbox.visible_at IS 'End of the lease, or of the delay of a release.';
COMMENT ON COLUMN inbox.lease_token IS 'Of the latest lease, also after its end: a late call with it still counts, one with an earlier token does not.';

CREATE TABLE onboarding_steps (
  partner_id integer NOT NULL,
  step text NOT NULL,
  status text NOT NULL DEFAULT 'pending'::text,
  input jsonb NOT NULL DEFAULT '{}'::jsonb,
  result jsonb NOT NULL DEFAULT '{}'::jsonb,
  attempts smallint NOT NULL DEFAULT 0,
  waits smallint NOT NULL DEFAULT 0,
  due_at timestamp with time zone NOT NULL,
  claimed_at timestamp with time zone,
  last_error text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  done_at timestamp with time zone,
  CONSTRAINT onboarding_steps_pkey PRIMARY KEY (partner_id, step),
  CONSTRAINT onboarding_steps_partner_id_fkey FOREIGN KEY (partner_id) REFERENCES partners(id),
  CONSTRAINT onboarding_steps_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'done'::text, 'failed'::text]))),
  CONSTRAINT onboarding_steps_step_check CHECK ((step = ANY (ARRAY['slack_channel'::text, 'slack_welcome'::text, 'welcome_email'::text])))
);
CREATE UNIQUE INDEX onboarding_steps_channel ON onboarding_steps USING btree ((input ->> 'channel'::text)) WHERE step = 'slack_channel'::text;
CREATE INDEX onboarding_steps_due ON onboarding_steps USING btree (due_at) WHERE status = 'pending'::text;
COMMENT ON COLUMN onboarding_steps.input IS 'What was asked for: the name of the channel, the key to send, the time of the kickoff call. Never a key itself.';
COMMENT ON COLUMN onboarding_steps.waits IS 'How often in a row it was put off because the service asked to wait, which is no attempt.';
COMMENT ON COLUMN onboarding_steps.due_at IS 'When a pending step is to be tried; while it is being tried, when it is given up as lost and tried again.';
COMMENT ON COLUMN onboarding_steps.claimed_at IS 'Since when it is being tried; null: nobody tries it now.';

CREATE TABLE partners (
  id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  slug text NOT NULL,
  partner_id text NOT NULL,
  name text NOT NULL,
  status text NOT NULL DEFAULT 'active'::text,
  rate_limit_per_sec integer NOT NULL DEFAULT 100,
  rate_limit_burst integer NOT NULL DEFAULT 100,
  rate_limit_per_month bigint NOT NULL DEFAULT '2592000000'::bigint,
  retention_seconds integer NOT NULL DEFAULT 259200,
  expired_through timestamp with time zone NOT NULL DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone,
  contact_email text,
  contact_phone text,
  slack_channel text,
  primary_contact text,
  backup_contact text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  max_deliveries smallint NOT NULL DEFAULT 10,
  CONSTRAINT partners_pkey PRIMARY KEY (id),
  CONSTRAINT partners_partner_id_key UNIQUE (partner_id),
  CONSTRAINT partners_slug_key UNIQUE (slug),
  CONSTRAINT partners_max_deliveries_check CHECK (((max_deliveries >= 1) AND (max_deliveries <= 100))),
  CONSTRAINT partners_rate_limit_burst_check CHECK (((rate_limit_burst >= 1) AND (rate_limit_burst <= 10000000))),
  CONSTRAINT partners_rate_limit_per_month_check CHECK ((rate_limit_per_month >= 0)),
  CONSTRAINT partners_rate_limit_per_sec_check CHECK (((rate_limit_per_sec >= 1) AND (rate_limit_per_sec <= 10000000))),
  CONSTRAINT partners_retention_seconds_check CHECK (((retention_seconds >= 3600) AND (retention_seconds <= 2592000))),
  CONSTRAINT partners_slug_check CHECK ((slug ~ '^[a-z0-9]{2,24}$'::text)),
  CONSTRAINT partners_status_check CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text]))),
  CONSTRAINT audit TRIGGER DEFERRABLE INITIALLY DEFERRED
);
CREATE CONSTRAINT TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON partners DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('partner');
CREATE TRIGGER auth_changed AFTER INSERT OR DELETE OR UPDATE ON partners FOR EACH ROW EXECUTE FUNCTION notify_auth_changed('id');
COMMENT ON COLUMN partners.expired_through IS 'Events received at or before this moment had expired when the retention was last changed; raising it again does not bring them back.';
COMMENT ON COLUMN partners.max_deliveries IS 'How often an event is handed out under a lease before it becomes a dead letter.';

CREATE TABLE receives (
  partner_id integer NOT NULL,
  receive_id text NOT NULL,
  received_at timestamp with time zone NOT NULL,
  event_ids uuid[] NOT NULL,
  lease_tokens uuid[] NOT NULL,
  CONSTRAINT receives_pkey PRIMARY KEY (partner_id, receive_id)
);
CREATE INDEX receives_age ON receives USING btree (received_at);

CREATE TABLE usage_months (
  partner_id integer NOT NULL,
  month date NOT NULL,
  accepted bigint NOT NULL,
  CONSTRAINT usage_months_pkey PRIMARY KEY (partner_id, month)
);

CREATE TABLE vault_secrets (
  key_id integer NOT NULL,
  partner_id integer NOT NULL,
  version integer NOT NULL,
  master_key text NOT NULL,
  wrapped_data_key bytea NOT NULL,
  sealed bytea NOT NULL,
  sealed_at timestamp with time zone NOT NULL DEFAULT now(),
  rewrapped_at timestamp with time zone,
  CONSTRAINT vault_secrets_pkey PRIMARY KEY (key_id),
  CONSTRAINT vault_secrets_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys(id) ON DELETE CASCADE,
  CONSTRAINT vault_secrets_partner_id_fkey FOREIGN KEY (partner_id) REFERENCES partners(id),
  CONSTRAINT vault_secrets_version_check CHECK ((version > 0))
);
CREATE INDEX vault_secrets_master_key ON vault_secrets USING btree (master_key, key_id);
COMMENT ON COLUMN vault_secrets.master_key IS 'Name of the master key under which the data key is wrapped.';

CREATE OR REPLACE FUNCTION public.audit_chain()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
  head audit_head;
BEGIN
  SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
  NEW.seq := head.seq + 1;
  NEW.at := date_trunc('milliseconds', clock_timestamp());
  NEW.previous_hash := head.hash;
  NEW.hash := audit_hash(NEW);
  UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
  RETURN NEW;
END $function$;

CREATE OR REPLACE FUNCTION public.audit_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
  quiet CONSTANT text[] := CASE TG_OP WHEN 'UPDATE' THEN ARRAY['last_used_at'] ELSE ARRAY['key_hash', 'last_used_at'] END;
  hidden CONSTANT text[] := ARRAY['key_hash', 'contact_email', 'contact_phone', 'primary_contact', 'backup_contact'];
  was CONSTANT jsonb := coalesce(to_jsonb(OLD) - quiet, '{}');
  is_now CONSTANT jsonb := coalesce(to_jsonb(NEW) - quiet, '{}');
  subject_row CONSTANT jsonb := CASE TG_OP WHEN 'DELETE' THEN was ELSE is_now END;
  changes jsonb;
  what text;
BEGIN
  SELECT coalesce(jsonb_object_agg(name, CASE
      WHEN name = ANY (hidden) THEN to_jsonb('changed'::text)
      WHEN TG_OP = 'UPDATE' THEN jsonb_build_object('from', was -> name, 'to', is_now -> name)
      ELSE subject_row -> name END), '{}')
    INTO changes
    FROM jsonb_object_keys(was || is_now) AS name
    WHERE coalesce(was -> name, 'null') IS DISTINCT FROM coalesce(is_now -> name, 'null');
  IF changes = '{}' THEN
    RETURN NULL;
  END IF;
  what := CASE
    WHEN TG_OP = 'DELETE' THEN 'deleted'
    WHEN TG_ARGV[0] = 'partner' AND TG_OP = 'INSERT' THEN 'created'
    WHEN TG_ARGV[0] = 'partner' AND changes ? 'status' THEN CASE is_now ->> 'status' WHEN 'active' THEN 'resumed' ELSE 'suspended' END
    WHEN TG_ARGV[0] = 'key' AND TG_OP = 'INSERT' THEN 'issued'
    WHEN TG_ARGV[0] = 'key' AND changes ? 'revoked_at' THEN CASE WHEN is_now ->> 'revoked_at' IS NULL THEN 'restored' ELSE 'revoked' END
    WHEN TG_ARGV[0] = 'key' AND is_now ->> 'replaced_by' IS NOT NULL AND changes ? 'replaced_by' THEN 'rotated'
    ELSE 'changed' END;
  IF TG_ARGV[0] = 'key' THEN
    changes := jsonb_build_object('key_prefix', subject_row -> 'key_prefix') || changes;
  END IF;
  INSERT INTO audit_log (actor, source, action, subject, partner, reason, details) VALUES (
    coalesce(nullif(current_setting('triggers.actor', true), ''), 'database:' || session_user),
    coalesce(nullif(current_setting('triggers.source', true), ''), host(inet_client_addr()), 'local'),
    TG_ARGV[0] || '.' || what,
    CASE TG_ARGV[0] WHEN 'partner' THEN 'partner:' || (subject_row ->> 'slug') ELSE 'key:' || (subject_row ->> 'id') END,
    CASE TG_ARGV[0] WHEN 'partner' THEN subject_row ->> 'slug'
      -- A partner that goes together with its keys is not there any more; a key's prefix has its slug (pipeline/auth/key-format.ts).
      ELSE coalesce((SELECT slug FROM partners WHERE id = (subject_row ->> 'partner_id')::integer), split_part(subject_row ->> 'key_prefix', '_', 3)) END,
    nullif(current_setting('triggers.reason', true), ''),
    changes::text::json);
  RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.audit_field(field text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  SELECT coalesce(octet_length(field) || ':' || field, '-') || ','
$function$;

CREATE OR REPLACE FUNCTION public.audit_hash(entry audit_log)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  SELECT sha256(entry.previous_hash || convert_to(
    audit_field(entry.seq::text) || audit_field(((extract(epoch FROM entry.at) * 1000)::bigint)::text) || audit_field(entry.actor)
    || audit_field(entry.source) || audit_field(entry.action) || audit_field(entry.subject) || audit_field(entry.partner)
    || audit_field(entry.reason) || audit_field(entry.details::text), 'UTF8'))
$function$;

CREATE OR REPLACE FUNCTION public.drop_expired_partitions(before timestamp with time zone)
 RETURNS SETOF text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET lock_timeout TO '200ms'
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
  partition text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('triggers:partitions'));
  FOR partition IN
    SELECT child.relname FROM pg_inherits
    JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent IN ('events'::regclass, 'acknowledgements'::regclass)
      AND to_timestamp(right(child.relname, 8), 'YYYYMMDD')::date + 1 <= (before AT TIME ZONE 'UTC')::date
    ORDER BY 1
  LOOP
    EXECUTE format('DROP TABLE %I', partition);
    RETURN NEXT partition;
  END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION public.ensure_partitions(moment timestamp with time zone, days_ahead integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
  parent text;
  start_of_day timestamptz;
  partition text;
  made integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('triggers:partitions'));
  FOR offset_days IN -1..days_ahead LOOP
    start_of_day := date_trunc('day', moment, 'UTC') + make_interval(days => offset_days);
    FOREACH parent IN ARRAY ARRAY['events', 'acknowledgements'] LOOP
      partition := parent || to_char(start_of_day AT TIME ZONE 'UTC', '"_"YYYYMMDD');
      IF to_regclass(partition) IS NULL THEN
        -- Made first and attached then: this way the parent stays open for inserts.
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', partition, parent);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
          parent, partition, uuid_floor(start_of_day), uuid_floor(start_of_day + interval '1 day'));
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $function$;

CREATE OR REPLACE FUNCTION public.notify_auth_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'last_used_at' = to_jsonb(OLD) - 'last_used_at' THEN
    RETURN NULL;
  END IF;
  PERFORM pg_notify('auth_changed', to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[0]);
  RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $function$;

CREATE OR REPLACE FUNCTION public.uuid_floor(moment timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
  SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$function$;
