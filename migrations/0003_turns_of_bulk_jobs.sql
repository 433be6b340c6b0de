-- Why: bulk jobs of all partners take turns, a job that is bound to a rate waits between its portions, and whichever process looks next must know both.

ALTER TABLE bulk_jobs ADD COLUMN next_at timestamptz;
UPDATE bulk_jobs SET next_at = created_at;
ALTER TABLE bulk_jobs ALTER COLUMN next_at SET NOT NULL;
COMMENT ON COLUMN bulk_jobs.next_at IS 'When the next portion of an unfinished job is due; the one that has been due for longest is moved first.';
