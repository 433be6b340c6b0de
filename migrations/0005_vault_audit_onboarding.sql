-- Why: a key can be shown again to those who may see it; who changed what, why and from where is written down in a form that nobody can rewrite unseen; and
-- what a new partner is sent is sent once, whatever fails on the way.

-- The rights of the server and of the admin's commands: they act as this role, whoever they log in as. It may not alter the schema, and of the
-- audit log it may only read and append. Roles belong to the whole server: another database of it may have made the role already.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'triggers_app') THEN
    CREATE ROLE triggers_app NOLOGIN;
  END IF;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN
    NULL; -- made at the same moment
  WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'the role triggers_app is missing, and % may not make it', current_user
      USING HINT = format('As an administrator of the server: CREATE ROLE triggers_app NOLOGIN; GRANT triggers_app TO %I;', current_user);
END $$;
DO $$
BEGIN
  IF NOT pg_has_role(current_user, 'triggers_app', 'SET') THEN
    EXECUTE format('GRANT triggers_app TO %I', current_user);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION '% may not act as the role triggers_app', current_user
    USING HINT = format('As an administrator of the server: GRANT triggers_app TO %I;', current_user);
END $$;

ALTER TABLE api_keys
  ADD COLUMN allowed_cidrs cidr[] CHECK (cardinality(allowed_cidrs) BETWEEN 1 AND 100),
  ADD COLUMN last_used_at timestamptz;
COMMENT ON COLUMN api_keys.allowed_cidrs IS 'Networks from which the key may be used; null: from everywhere.';
COMMENT ON COLUMN api_keys.last_used_at IS 'Sampled: at most a minute behind, and not a change of the key.';

-- One row per key whose text can be shown again. The text is encrypted under a data key of its own, and that under a master key that is not in this
-- database. Both are bound to partner, key and version: a row that was moved to another key cannot be opened.
CREATE TABLE vault_secrets (
  key_id integer PRIMARY KEY REFERENCES api_keys ON DELETE CASCADE,
  partner_id integer NOT NULL REFERENCES partners,
  version integer NOT NULL CHECK (version > 0),
  master_key text NOT NULL,
  wrapped_data_key bytea NOT NULL,
  sealed bytea NOT NULL,
  sealed_at timestamptz NOT NULL DEFAULT now(),
  rewrapped_at timestamptz
);
CREATE INDEX vault_secrets_master_key ON vault_secrets (master_key, key_id);
COMMENT ON COLUMN vault_secrets.master_key IS 'Name of the master key under which the data key is wrapped.';

-- Who did what to whom, when, why and from where. Each row's hash covers the row and the hash before it.
CREATE TABLE audit_log (
  seq bigint PRIMARY KEY,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  source text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  partner text,
  reason text,
  details json NOT NULL DEFAULT '{}',
  previous_hash bytea NOT NULL,
  hash bytea NOT NULL
);
CREATE INDEX audit_log_partner ON audit_log (partner, seq);
CREATE INDEX audit_log_action ON audit_log (action, seq);
COMMENT ON COLUMN audit_log.partner IS 'Slug of the partner whom it concerns.';

-- The end of the chain, and the lock under which it grows: a row that is taken off the end is missed by its number.
CREATE TABLE audit_head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  seq bigint NOT NULL,
  hash bytea NOT NULL
);
INSERT INTO audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- A field of what is hashed: its length and its text, so that no two rows have the same form.
CREATE FUNCTION audit_field(field text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(octet_length(field) || ':' || field, '-') || ','
$$;

CREATE FUNCTION audit_hash(entry audit_log) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256(entry.previous_hash || convert_to(
    audit_field(entry.seq::text) || audit_field(((extract(epoch FROM entry.at) * 1000)::bigint)::text) || audit_field(entry.actor)
    || audit_field(entry.source) || audit_field(entry.action) || audit_field(entry.subject) || audit_field(entry.partner)
    || audit_field(entry.reason) || audit_field(entry.details::text), 'UTF8'))
$$;

CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
END $$;
CREATE TRIGGER chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_chain();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Every way of changing a partner or a key, psql included, is written down. The settings triggers.actor, triggers.source and triggers.reason say who
-- and why; without them it is the database's own user. How to reach a person is not written down: it would stay for ever. Neither is a key's hash; that
-- somebody has put another in its place is.
CREATE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
END $$;
-- At the end of the transaction, when all its row locks are held: the chain's lock comes last, so that two changes cannot wait for each other.
CREATE CONSTRAINT TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON partners DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION audit_change('partner');
CREATE CONSTRAINT TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON api_keys DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION audit_change('key');

-- When a key was last used is no change that a cache must hear of.
CREATE OR REPLACE FUNCTION notify_auth_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'last_used_at' = to_jsonb(OLD) - 'last_used_at' THEN
    RETURN NULL;
  END IF;
  PERFORM pg_notify('auth_changed', to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[0]);
  RETURN NULL;
END $$;

-- What a new partner gets, step by step: the outbox of its messages. A step is pending until it is done, or has failed too often.
CREATE TABLE onboarding_steps (
  partner_id integer NOT NULL REFERENCES partners,
  step text NOT NULL CHECK (step IN ('slack_channel', 'slack_welcome', 'welcome_email')),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
  input jsonb NOT NULL DEFAULT '{}',
  result jsonb NOT NULL DEFAULT '{}',
  attempts smallint NOT NULL DEFAULT 0,
  waits smallint NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL,
  claimed_at timestamptz,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz,
  PRIMARY KEY (partner_id, step)
);
CREATE INDEX onboarding_steps_due ON onboarding_steps (due_at) WHERE status = 'pending';
-- A channel is one partner's, from before Slack is asked for it: in one channel, two partners would read each other's messages.
CREATE UNIQUE INDEX onboarding_steps_channel ON onboarding_steps ((input ->> 'channel')) WHERE step = 'slack_channel';
COMMENT ON COLUMN onboarding_steps.input IS 'What was asked for: the name of the channel, the key to send, the time of the kickoff call. Never a key itself.';
COMMENT ON COLUMN onboarding_steps.waits IS 'How often in a row it was put off because the service asked to wait, which is no attempt.';
COMMENT ON COLUMN onboarding_steps.due_at IS 'When a pending step is to be tried; while it is being tried, when it is given up as lost and tried again.';
COMMENT ON COLUMN onboarding_steps.claimed_at IS 'Since when it is being tried; null: nobody tries it now.';

-- The functions that make and drop tables do so with the rights of the owner of the tables.
ALTER FUNCTION ensure_partitions(timestamptz, integer) SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION drop_expired_partitions(timestamptz) SECURITY DEFINER SET search_path = public, pg_temp;

-- A function with the rights of its owner is for those who need it. Those of triggers are for nobody: a trigger that fires needs no right to its
-- function, but whoever has one may put it on a table of their own, with types of their own, and have their code run by it.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION uuid_floor(timestamptz), ensure_partitions(timestamptz, integer), drop_expired_partitions(timestamptz),
  audit_field(text), audit_hash(audit_log) TO triggers_app;

GRANT USAGE ON SCHEMA public TO triggers_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO triggers_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO triggers_app;
REVOKE ALL ON kysely_migration, kysely_migration_lock FROM triggers_app;
REVOKE UPDATE, DELETE ON audit_log FROM triggers_app;
REVOKE INSERT, UPDATE, DELETE ON audit_head FROM triggers_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO triggers_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO triggers_app;
