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
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
  CONSTRAINT api_keys_partner_id_fkey FOREIGN KEY (partner_id) REFERENCES partners(id),
  CONSTRAINT api_keys_replaced_by_fkey FOREIGN KEY (replaced_by) REFERENCES api_keys(id),
  CONSTRAINT api_keys_class_check CHECK ((class = ANY (ARRAY['beta'::text, 'test'::text, 'live'::text]))),
  CONSTRAINT api_keys_key_hash_check CHECK ((octet_length(key_hash) = 32))
);
CREATE INDEX api_keys_partner_id ON api_keys USING btree (partner_id);
CREATE TRIGGER auth_changed AFTER INSERT OR DELETE OR UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION notify_auth_changed('partner_id');
COMMENT ON COLUMN api_keys.key_hash IS 'HMAC-SHA-256 of the key under a pepper that is not in this database.';
COMMENT ON COLUMN api_keys.replaced_by IS 'The key that came in its place, from when on it has an end.';

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
  CONSTRAINT partners_status_check CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text])))
);
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

CREATE OR REPLACE FUNCTION public.drop_expired_partitions(before timestamp with time zone)
 RETURNS SETOF text
 LANGUAGE plpgsql
 SET lock_timeout TO '200ms'
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
  PERFORM pg_notify('auth_changed', to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[0]);
  RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.uuid_floor(moment timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
  SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$function$;
