-- Why: several workers share an inbox by leases; what cannot be handled goes to the dead letters; what was acknowledged can come back; and events
-- can be listed in the order of their commits.

ALTER TABLE partners ADD COLUMN max_deliveries smallint NOT NULL DEFAULT 10 CHECK (max_deliveries BETWEEN 1 AND 100);
COMMENT ON COLUMN partners.max_deliveries IS 'How often an event is handed out under a lease before it becomes a dead letter.';

-- A lease is a few columns of the event's narrow inbox row. None of them is indexed but `last_delivery`, which changes once in an event's life, so
-- that a lease is a heap-only update. Free is a row whose `visible_at` is null or past and that is not past its last delivery.
ALTER TABLE inbox
  ADD COLUMN deliveries smallint NOT NULL DEFAULT 0,
  ADD COLUMN last_delivery boolean NOT NULL DEFAULT false,
  ADD COLUMN replayed boolean NOT NULL DEFAULT false,
  ADD COLUMN leased_at timestamptz,
  ADD COLUMN visible_at timestamptz,
  ADD COLUMN lease_token uuid;
CREATE INDEX inbox_last_delivery ON inbox (partner_id, id) WHERE last_delivery;
COMMENT ON COLUMN inbox.last_delivery IS 'True from the delivery on that reached the partner''s cap: when that lease lapses, the event is a dead letter.';
COMMENT ON COLUMN inbox.leased_at IS 'When the lease was taken; null when it was given back.';
COMMENT ON COLUMN inbox.visible_at IS 'End of the lease, or of the delay of a release.';
COMMENT ON COLUMN inbox.lease_token IS 'Of the latest lease, also after its end: a late call with it still counts, one with an earlier token does not.';

ALTER TABLE acknowledgements
  ADD COLUMN deliveries smallint NOT NULL DEFAULT 0,
  ADD COLUMN lease_token uuid;

-- The transaction that stored the event: the order of (xid, id) is one in which no event appears behind a reader once every transaction
-- before the oldest running one has ended. Events from before this migration have its own transaction.
ALTER TABLE events
  ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  ADD COLUMN expunged_at timestamptz;
COMMENT ON COLUMN events.expunged_at IS 'When payload and metadata were taken away at the partner''s wish.';

-- What a repeated receive gives again: kept for five minutes.
CREATE TABLE receives (
  partner_id integer NOT NULL,
  receive_id text NOT NULL,
  received_at timestamptz NOT NULL,
  event_ids uuid[] NOT NULL,
  lease_tokens uuid[] NOT NULL,
  PRIMARY KEY (partner_id, receive_id)
);
CREATE INDEX receives_age ON receives (received_at);

-- Events that were rejected or delivered too often, whole: they have a retention of their own, which may end after that of the event.
CREATE TABLE dead_letters (
  partner_id integer NOT NULL,
  id uuid NOT NULL,
  event_type text NOT NULL,
  attributes text NOT NULL,
  payload text NOT NULL,
  reason text NOT NULL CHECK (reason IN ('rejected', 'max_deliveries_exceeded')),
  detail text,
  deliveries smallint NOT NULL,
  replayed boolean NOT NULL,
  lease_token uuid,
  dead_at timestamptz NOT NULL,
  PRIMARY KEY (partner_id, id)
);
CREATE INDEX dead_letters_age ON dead_letters (partner_id, dead_at, id);
COMMENT ON COLUMN dead_letters.detail IS 'What the worker said when it rejected the event.';

-- Redrives and replays of more events than one request should wait for.
CREATE TABLE bulk_jobs (
  partner_id integer NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('redrive', 'replay')),
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed')),
  selection jsonb NOT NULL,
  max_per_second integer CHECK (max_per_second > 0),
  matched bigint NOT NULL,
  moved bigint NOT NULL DEFAULT 0,
  position text,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  finished_at timestamptz,
  PRIMARY KEY (partner_id, id)
);
CREATE UNIQUE INDEX bulk_jobs_unfinished ON bulk_jobs (partner_id) WHERE status IN ('queued', 'running');
COMMENT ON COLUMN bulk_jobs.position IS 'How far the job has come, for the next process to go on from.';
