import type pg from 'pg';
import { formatTime } from '../../platform/rfc3339.ts';
import { inPortions, sweepRows } from './portions.ts';

const jobKeptMs = 7 * 86_400_000;
/** So long an ended key can be brought back by a new end (`keys change --expires`), and shown to whoever looks into what it did. */
const secretKeptMs = 30 * 86_400_000;
/** Twice as long as a receive can be repeated. */
const receiveKeptMs = 600_000;

/**
 * Deletes dead letters whose own retention has ended: it began with their death, so that they may outlive their event. They have been invisible since the
 * millisecond in which it ended. Returns how many. `now` in milliseconds, here and below.
 */
export async function sweepDeadLetters(pool: pg.Pool, now: number): Promise<number> {
  const partners = await pool.query<{ id: number; last: string }>(
    `SELECT id, (greatest($1::timestamptz - make_interval(secs => retention_seconds), expired_through))::text AS last FROM partners`,
    [formatTime(now)],
  );
  let deleted = 0;
  for (const { id, last } of partners.rows) deleted += await inPortions(pool, deleteDeadLettersText, [id, last]);
  return deleted;
}

const deleteDeadLettersText = `
DELETE FROM dead_letters WHERE partner_id = $1 AND id IN (
  SELECT id FROM dead_letters WHERE partner_id = $1 AND dead_at <= $2::timestamptz ORDER BY dead_at, id LIMIT ${sweepRows}
)`;

/** Deletes what receives had remembered for a repetition. */
export function sweepReceives(pool: pg.Pool, now: number): Promise<number> {
  return inPortions(pool, deleteReceivesText, [formatTime(now - receiveKeptMs)]);
}

const deleteReceivesText = `
DELETE FROM receives WHERE (partner_id, receive_id) IN (
  SELECT partner_id, receive_id FROM receives WHERE received_at <= $1::timestamptz ORDER BY received_at LIMIT ${sweepRows}
)`;

/** Deletes bulk jobs that finished a week ago. */
export function sweepJobs(pool: pg.Pool, now: number): Promise<number> {
  return inPortions(pool, deleteJobsText, [formatTime(now - jobKeptMs)]);
}

const deleteJobsText = `
DELETE FROM bulk_jobs WHERE (partner_id, id) IN (
  SELECT partner_id, id FROM bulk_jobs WHERE finished_at <= $1::timestamptz LIMIT ${sweepRows}
)`;

/** Takes keys out of the vault that ended a month ago. Those that were revoked are out of it since then. */
export function sweepSecrets(pool: pg.Pool, now: number): Promise<number> {
  return inPortions(pool, deleteSecretsText, [formatTime(now - secretKeptMs)]);
}

const deleteSecretsText = `
DELETE FROM vault_secrets WHERE key_id IN (
  SELECT key_id FROM vault_secrets JOIN api_keys ON api_keys.id = key_id WHERE expires_at <= $1::timestamptz LIMIT ${sweepRows}
)`;
