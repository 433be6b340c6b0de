import { setTimeout as delay } from 'node:timers/promises';
import { type Change, type Provisioned, planProvision, provision, type Wanted } from '../../src/modules/partners/provision.ts';
import { classifyPostgresError } from '../../src/platform/postgres.ts';
import { formatTime } from '../../src/platform/rfc3339.ts';
import type { Connection } from './database.ts';
import type { RowError } from './import-file.ts';
import type { ResultsFile } from './import-results.ts';
import type { ImportRow } from './import-rows.ts';

export const outcomes = ['created', 'unchanged', 'updated', 'differs', 'failed'] as const;
export type Outcome = (typeof outcomes)[number];

/** What became of a row, as it is printed and kept. */
export type RowResult = {
  line: number;
  slug: string | null;
  outcome: Outcome;
  partner_id: string | null;
  key_id: number | null;
  key_prefix: string | null;
  /** Of a key that was made. */
  api_key?: string;
  expires_at: string | null;
  changes?: Change[];
  errors: RowError[];
};

/** Why an import ended before its last row. The rows that are done are. */
export type Stop = { signal: NodeJS.Signals } | { error: unknown };

export type ImportRun = {
  rows: ImportRow[];
  connection: Connection;
  /** Why, for the audit log. */
  reason?: string;
  dryRun?: boolean;
  update?: boolean;
  results?: ResultsFile;
  /** The import ends after the row under way once this says by which signal. */
  stopped?(): NodeJS.Signals | undefined;
  /** Told of every row as soon as it is committed. */
  onResult?(result: RowResult): void;
};

/** Rows in the way of another transaction are tried so often. */
const attempts = 5;

/** Provisions row by row, each in a transaction of its own: a row that fails stops nothing else, and what is done stays done. */
export async function runImport(run: ImportRun): Promise<{ done: RowResult[]; stop?: Stop }> {
  const { rows, results, stopped, onResult } = run;
  const reserved = new Set(rows.map(({ partnerId }) => partnerId).filter((id) => id !== null));
  const done: RowResult[] = [];
  for (const row of rows) {
    const signal = stopped?.();
    if (signal) return { done, stop: { signal } };
    try {
      const result = await importRow(row, run, reserved);
      done.push(result); // it is, whether or not that can be written down
      await results?.append(result);
      onResult?.(result);
    } catch (error) {
      return { done, stop: { error } };
    }
  }
  return { done };
}

async function importRow(row: ImportRow, run: ImportRun, reserved: ReadonlySet<string>): Promise<RowResult> {
  if (!row.wanted) return { ...emptyResult(row), errors: row.errors };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return toResult(row, await provisionRow(row, row.wanted, run, reserved), run);
    } catch (error) {
      if (isContention(error) && attempt < attempts) await delay(20 * 2 ** attempt * Math.random());
      else if (classifyPostgresError(error) === 'data') return refused(row, error as Error);
      else throw error;
    }
  }
}

function provisionRow(row: ImportRow, wanted: Wanted, run: ImportRun, reserved: ReadonlySet<string>): Promise<Provisioned> {
  const { connection, reason, dryRun, update, results } = run;
  const { db } = connection;
  if (dryRun) return planProvision(db, wanted, { update, reserved });
  const secrets = wanted.key ? connection.secrets() : { pepper: '' }; // no key is made with the latter
  return provision(
    {
      db,
      secrets,
      change: (work) => connection.change(work, reason),
      prepared: results && ((key) => results.prepare(row.line, wanted.slug, key)),
    },
    wanted,
    {
      update,
      reserved,
    },
  );
}

function toResult(row: ImportRow, provisioned: Provisioned, { results }: ImportRun): RowResult {
  const { outcome, partnerId: partner_id } = provisioned;
  if (outcome === 'failed') {
    const { column, message } = provisioned;
    return { ...emptyResult(row), partner_id, errors: [{ column, message }] };
  }
  const { key, changes } = provisioned;
  const api_key = provisioned.apiKey ?? (key && results?.unreported(key.id, key.key_prefix));
  return {
    ...emptyResult(row),
    outcome,
    partner_id,
    key_id: key?.id ?? null,
    key_prefix: key?.key_prefix ?? null,
    ...(api_key && { api_key }),
    expires_at: key?.expires_at ? formatTime(key.expires_at.getTime()) : null,
    ...(changes.length > 0 && { changes }),
  };
}

function emptyResult({ line, slug, partnerId }: ImportRow): RowResult {
  return { line, slug, outcome: 'failed', partner_id: partnerId, key_id: null, key_prefix: null, expires_at: null, errors: [] };
}

/** The database does not take a value that the checks let through. Its message names column or constraint; the value stays out of it. */
function refused(row: ImportRow, { message }: Error): RowResult {
  return { ...emptyResult(row), errors: [{ column: null, message: `The database refuses the row: ${message}.` }] };
}

/** Deadlock, serialization failure or a lock that was waited for too long: the same again may succeed. */
function isContention(error: unknown): boolean {
  return ['40001', '40P01', '55P03'].includes((error as { code?: string }).code ?? '');
}
