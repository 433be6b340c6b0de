-- Why: a partner replaces its key by itself. The old one is good for a while, and may not replace itself once more: who has found an old key must not be
-- able to make a new one of it.

ALTER TABLE api_keys ADD COLUMN replaced_by integer REFERENCES api_keys (id);
COMMENT ON COLUMN api_keys.replaced_by IS 'The key that came in its place, from when on it has an end.';
