-- Made by `npm run generate` from the migrated database: the sum of all migrations, for reading. Not to be edited or run.

CREATE TABLE acknowledgements (
  partner_id integer NOT NULL,
  id uuid NOT NULL,
  acknowledged_at timestamp with time zone NOT NULL,
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
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
  CONSTRAINT api_keys_partner_id_fkey FOREIGN KEY (partner_id) REFERENCES partners(id),
  CONSTRAINT api_keys_class_check CHECK ((class = ANY (ARRAY['beta'::text, 'test'::text, 'live'::text]))),
  CONSTRAINT api_keys_key_hash_check CHECK ((octet_length(key_hash) = 32))
);
CREATE INDEX api_keys_partner_id ON api_keys USING btree (partner_id);
CREATE TRIGGER auth_changed AFTER INSERT OR DELETE OR UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION notify_auth_changed('partner_id');
COMMENT ON COLUMN api_keys.key_hash IS 'HMAC-SHA-256 of the key under a pepper that is not in this database.';

CREATE TABLE events (
  partner_id integer NOT NULL,
  id uuid NOT NULL,
  event_type text NOT NULL,
  attributes text NOT NULL,
  payload text NOT NULL,
  CONSTRAINT events_pkey PRIMARY KEY (partner_id, id)
) PARTITION BY RANGE (id);

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
  CONSTRAINT inbox_pkey PRIMARY KEY (partner_id, id)
) WITH (fillfactor=50, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=20000, autovacuum_vacuum_insert_scale_factor=0, autovacuum_vacuum_insert_threshold=200000, autovacuum_analyze_scale_factor=0.2, autovacuum_vacuum_cost_delay=0);

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
  CONSTRAINT partners_pkey PRIMARY KEY (id),
  CONSTRAINT partners_partner_id_key UNIQUE (partner_id),
  CONSTRAINT partners_slug_key UNIQUE (slug),
  CONSTRAINT partners_rate_limit_burst_check CHECK (((rate_limit_burst >= 1) AND (rate_limit_burst <= 10000000))),
  CONSTRAINT partners_rate_limit_per_month_check CHECK ((rate_limit_per_month >= 0)),
  CONSTRAINT partners_rate_limit_per_sec_check CHECK (((rate_limit_per_sec >= 1) AND (rate_limit_per_sec <= 10000000))),
  CONSTRAINT partners_retention_seconds_check CHECK (((retention_seconds >= 3600) AND (retention_seconds <= 2592000))),
  CONSTRAINT partners_slug_check CHECK ((slug ~ '^[a-z0-9]{2,24}$'::text)),
  CONSTRAINT partners_status_check CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text])))
);
CREATE TRIGGER auth_changed AFTER INSERT OR DELETE OR UPDATE ON partners FOR EACH ROW EXECUTE FUNCTION notify_auth_changed('id');
COMMENT ON COLUMN partners.expired_through IS 'Events received at or before this moment had expired when the retention was last changed; raising it again does not bring them back.';

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
