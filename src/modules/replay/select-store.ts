import type pg from 'pg';
import { idFloor } from '../../platform/event-id.ts';
import { typeFilterSql, typeFilterValues } from '../../platform/event-types.ts';
import { rawText } from '../../platform/postgres.ts';
import { formatTime } from '../../platform/rfc3339.ts';
import type { FilteredSelection, Selection, Sources } from './selection.ts';

export type PortionQuery = {
  partnerId: number;
  selection: Selection;
  /** Where the portion before this one ended; null for the first. */
  position: string | null;
  /** The smallest id of an event that has not expired. */
  floor: string;
  /** Matches wanted at most. */
  matches: number;
  /** Rows looked at, at most, for these: a filter that matches little must not make a statement long. */
  rows: number;
  /** How many of the ids are of interest; the others are only counted. */
  ids: number;
};

/** `position` is null when nothing is behind this portion. */
export type Portion = { matched: number; ids: string[]; position: string | null };

/**
 * The next matches of a selection, in the order of their ids. What is walked is the index of what was acknowledged or died, so that a filter costs what
 * it looks at and not what the partner has.
 */
export async function selectPortion(client: pg.Pool | pg.ClientBase, query: PortionQuery): Promise<Portion> {
  const { partnerId, selection, position, floor, matches, rows, ids } = query;
  if ('ids' in selection) return selectListed(client, query, selection.ids);
  const from = idFloor(selection.receivedFromMs);
  const result = await client.query<[matched: string, ids: string | null, position: string | null]>({
    name: selectNames[selection.sources],
    text: selectTexts[selection.sources],
    values: [
      partnerId,
      largest(floor, from, position ?? ''),
      // A position is the last id that was looked at, where the floor is the first to be.
      position !== null,
      idFloor(selection.receivedBeforeMs),
      rows,
      matches,
      ids,
      ...settledBetween(selection),
      selection.reason,
      ...(selection.types ? typeFilterValues(selection.types) : [null, null]),
    ],
    rowMode: 'array',
    types: rawText,
  });
  const [matched, found, end] = result.rows[0] as [string, string | null, string | null];
  return { matched: Number(matched), ids: found ? found.split(',') : [], position: end };
}

const largest = (...ids: string[]) => ids.reduce((a, b) => (a > b ? a : b));

const settledBetween = ({ settledFromMs, settledBeforeMs }: FilteredSelection) => [settledFromMs, settledBeforeMs].map(formatTime);

const acknowledged = 'SELECT partner_id, id, acknowledged_at AS settled_at, NULL::text AS reason FROM acknowledgements';
const dead = 'SELECT partner_id, id, dead_at AS settled_at, reason FROM dead_letters';
const inRange = 'WHERE partner_id = $1 AND id >= $2 AND id < $4 AND (id > $2 OR NOT $3::boolean)';
const first = 'ORDER BY id LIMIT $5::integer + 1';

// One more than is wanted is looked at, to know whether there is more. The join is on both columns of the key, so that it can only be one look-up a row,
// whatever the planner takes the tables to hold.
function selectText(tables: string[]): string {
  return `
WITH scanned AS MATERIALIZED (
  SELECT * FROM (${tables.map((table) => `(${table} ${inRange} ${first})`).join(' UNION ALL ')}) AS settled ${first}
), matching AS MATERIALIZED (
  SELECT id FROM scanned JOIN events USING (partner_id, id)
  WHERE settled_at >= $8::timestamptz AND settled_at < $9::timestamptz AND ($10::text IS NULL OR reason = $10)
    AND expunged_at IS NULL AND ($11::text[] IS NULL OR ${typeFilterSql(11, 12)})
  ORDER BY id LIMIT $6::integer + 1
), listed AS MATERIALIZED (
  SELECT count(*) AS found, array_agg(id ORDER BY id) AS ids FROM matching
)
SELECT least(found, $6::integer), array_to_string(ids[1:least($6::integer, $7::integer)], ','), CASE
  WHEN found > $6::integer THEN ids[$6::integer]
  WHEN (SELECT count(*) FROM scanned) > $5::integer THEN (SELECT id FROM scanned ORDER BY id DESC LIMIT 1)
END FROM listed`;
}

const selectNames: Record<Sources, string> = {
  acknowledged: 'selectAcknowledged',
  dead_lettered: 'selectDead',
  any: 'selectSettled',
};
const selectTexts: Record<Sources, string> = {
  acknowledged: selectText([acknowledged]),
  dead_lettered: selectText([dead]),
  any: selectText([acknowledged, dead]),
};

/** The position in a list is a number; every id of a portion counts as looked at. */
async function selectListed(client: pg.Pool | pg.ClientBase, query: PortionQuery, listed: string[]): Promise<Portion> {
  const { partnerId, position, floor, matches, ids } = query;
  const start = Number(position ?? 0);
  const wanted = listed.slice(start, start + matches);
  const end = start + wanted.length;
  const result = await client.query<[string]>({
    name: 'selectListedDead',
    text: selectListedDeadText,
    values: [partnerId, wanted, floor],
    rowMode: 'array',
    types: rawText,
  });
  const found = result.rows.map(([id]) => id);
  return { matched: found.length, ids: found.slice(0, ids), position: end < listed.length ? `${end}` : null };
}

const selectListedDeadText = `
WITH dead AS MATERIALIZED (
  SELECT partner_id, id FROM dead_letters WHERE partner_id = $1 AND id = ANY ($2::uuid[]) AND id >= $3::uuid
)
SELECT id FROM dead JOIN events USING (partner_id, id) WHERE expunged_at IS NULL ORDER BY id`;
