import type pg from 'pg';
import { rawText } from '../../platform/postgres.ts';

export type AcknowledgeRow = { partnerId: number; id: string };

/** When the event was acknowledged (milliseconds), and whether by an earlier statement; undefined for an event that the partner does not have. */
export type AcknowledgeOutcome = { acknowledgedAtMs: number; already: boolean } | undefined;

/**
 * Takes events out of their inboxes and remembers when, in one statement. Rows that were not there are looked up: acknowledged before, or
 * unknown. `now` in milliseconds; result i belongs to row i. In a repetition, which has the `now` of the first attempt, an acknowledgement
 * of that very time is the first attempt's, whose answer was lost.
 */
export async function acknowledgeEvents(
  client: pg.ClientBase,
  rows: AcknowledgeRow[],
  now: number,
  repeated = false,
): Promise<AcknowledgeOutcome[]> {
  // In order of id, so that two replicas that acknowledge the same events take their locks in one order.
  const ordered = [...rows].sort((a, b) => a.partnerId - b.partnerId || (a.id < b.id ? -1 : 1));
  const taken = new Set(
    (await run(client, 'takeFromInbox', takeFromInboxText, ordered, new Date(now).toISOString())).map(
      ([partnerId, id]) => `${partnerId} ${id}`,
    ),
  );
  const others = ordered.filter((row) => !taken.has(`${row.partnerId} ${row.id}`));
  const found = others.length === 0 ? [] : await run(client, 'findAcknowledgements', findAcknowledgementsText, others);
  const before = new Map(found.map(([partnerId, id, ms]) => [`${partnerId} ${id}`, Number(ms)]));
  return rows.map((row) => {
    if (taken.has(`${row.partnerId} ${row.id}`)) return { acknowledgedAtMs: now, already: false };
    const ms = before.get(`${row.partnerId} ${row.id}`);
    return ms === undefined ? undefined : { acknowledgedAtMs: ms, already: !(repeated && ms === now) };
  });
}

async function run(client: pg.ClientBase, name: string, text: string, rows: AcknowledgeRow[], ...more: string[]): Promise<string[][]> {
  const values = [rows.map((row) => row.partnerId).join(','), rows.map((row) => row.id).join(','), ...more];
  return (await client.query<string[]>({ name, text, values, rowMode: 'array', types: rawText })).rows;
}

const input = `unnest(string_to_array($1, ',')::integer[], string_to_array($2, ',')::uuid[]) AS wanted (partner_id, id)`;

const takeFromInboxText = `
WITH taken AS (
  DELETE FROM inbox USING ${input}
  WHERE inbox.partner_id = wanted.partner_id AND inbox.id = wanted.id
  RETURNING inbox.partner_id, inbox.id
)
INSERT INTO acknowledgements (partner_id, id, acknowledged_at)
SELECT partner_id, id, $3::timestamptz FROM taken
ON CONFLICT (partner_id, id) DO UPDATE SET acknowledged_at = excluded.acknowledged_at
RETURNING partner_id, id`;

const findAcknowledgementsText = `
SELECT partner_id, id, round(extract(epoch FROM acknowledged_at) * 1000)
FROM ${input} JOIN acknowledgements USING (partner_id, id)`;
