-- Why: the event's way, from the accepted request to the acknowledgement, and who may walk it.
--
-- Every table that grows with traffic has partner_id first in its primary key, and every hot statement carries it, so that the same
-- schema can be distributed by partner on an engine that does so.
--
-- An event id is a UUIDv7: its first 48 bits are the millisecond at which it was received. Partitions are ranges of ids, hence of time,
-- and expiry is a comparison of ids. No table stores an expiry time, so a changed retention is true at once for what is stored.

CREATE TABLE partners (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]{2,24}$'),
  partner_id text NOT NULL UNIQUE,
  name text NOT NULL,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
  rate_limit_per_sec integer NOT NULL DEFAULT 100 CHECK (rate_limit_per_sec BETWEEN 1 AND 10000000),
  rate_limit_burst integer NOT NULL DEFAULT 100 CHECK (rate_limit_burst BETWEEN 1 AND 10000000),
  rate_limit_per_month bigint NOT NULL DEFAULT 2592000000 CHECK (rate_limit_per_month >= 0),
  retention_seconds integer NOT NULL DEFAULT 259200 CHECK (retention_seconds BETWEEN 3600 AND 2592000),
  expired_through timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z',
  contact_email text,
  contact_phone text,
  slack_channel text,
  primary_contact text,
  backup_contact text,
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN partners.expired_through IS 'Events received at or before this moment had expired when the retention was last changed; raising it again does not bring them back.';

CREATE TABLE api_keys (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  partner_id integer NOT NULL REFERENCES partners,
  key_hash bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),
  key_prefix text NOT NULL,
  class text NOT NULL CHECK (class IN ('beta', 'test', 'live')),
  scopes text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX api_keys_partner_id ON api_keys (partner_id);
COMMENT ON COLUMN api_keys.key_hash IS 'HMAC-SHA-256 of the key under a pepper that is not in this database.';

-- Every way of changing a partner or a key, psql included, reaches the caches of every replica.
CREATE FUNCTION notify_auth_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('auth_changed', to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[0]);
  RETURN NULL;
END $$;
CREATE TRIGGER auth_changed AFTER INSERT OR UPDATE OR DELETE ON partners FOR EACH ROW EXECUTE FUNCTION notify_auth_changed('id');
CREATE TRIGGER auth_changed AFTER INSERT OR UPDATE OR DELETE ON api_keys FOR EACH ROW EXECUTE FUNCTION notify_auth_changed('partner_id');

-- History: append-only, given back byte for byte, dropped by the day. `payload` is text because jsonb loses key order, number spelling and
-- \u0000. `attributes` is what is only ever given back, as it is given back: the members of the event's JSON from its type to the name
-- of its payload. A page of the inbox is then a join of texts; from a column for each member it cost the database twice as much.
CREATE TABLE events (
  partner_id integer NOT NULL,
  id uuid NOT NULL,
  event_type text NOT NULL,
  attributes text NOT NULL,
  payload text NOT NULL,
  PRIMARY KEY (partner_id, id)
) PARTITION BY RANGE (id);

CREATE TABLE acknowledgements (
  partner_id integer NOT NULL,
  id uuid NOT NULL,
  acknowledged_at timestamptz NOT NULL,
  PRIMARY KEY (partner_id, id)
) PARTITION BY RANGE (id);

-- What is still to be acknowledged: a narrow row, deleted when it is. `bytes` is the event's size on an inbox page, so that a page is cut
-- at its limit before the events are read. Half-empty pages leave room for heap-only updates. The table
-- churns by its whole size, so it is vacuumed by absolute numbers rather than by a share of it.
CREATE TABLE inbox (
  partner_id integer NOT NULL,
  bytes integer NOT NULL,
  id uuid NOT NULL,
  event_type text NOT NULL,
  PRIMARY KEY (partner_id, id)
) WITH (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 200000,
  autovacuum_analyze_scale_factor = 0.2,
  autovacuum_vacuum_cost_delay = 0
);

-- One row per key and partner, written in the event's own transaction. The row is in force while its event's id is young enough
-- (the larger of 24 h and the retention); an older one is taken over in place.
CREATE TABLE idempotency_keys (
  partner_id integer NOT NULL,
  key text NOT NULL,
  event_id uuid NOT NULL,
  fingerprint bytea NOT NULL,
  PRIMARY KEY (partner_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (partner_id, event_id);

CREATE TABLE usage_months (
  partner_id integer NOT NULL,
  month date NOT NULL,
  accepted bigint NOT NULL,
  PRIMARY KEY (partner_id, month)
);

-- The smallest UUIDv7 of a millisecond.
CREATE FUNCTION uuid_floor(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;

-- Makes the daily partitions (UTC) from the day before `moment` to `days_ahead` days after it. One caller at a time; safe to repeat.
-- Returns how many tables it made.
CREATE FUNCTION ensure_partitions(moment timestamptz, days_ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
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
END $$;

-- Drops the partitions whose last event was received before `before`: the space comes back at once, without a delete. A drop locks the parent;
-- it gives up soon behind a long reader, so that inserts do not queue behind it, and the job tries again.
-- Returns the names of the dropped tables.
CREATE FUNCTION drop_expired_partitions(before timestamptz) RETURNS SETOF text LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
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
END $$;
