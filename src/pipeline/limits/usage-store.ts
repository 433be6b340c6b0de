import { type Kysely, sql } from 'kysely';
import type { Database } from '../../platform/schema.ts';

/** Newly accepted events of a partner in a month. */
export type UsageRow = { partnerId: number; accepted: number };

/** The totals of the given partners in a month (`YYYY-MM-01`); a partner without a row has accepted nothing. */
export async function readUsage(db: Kysely<Database>, month: string, partnerIds: number[]): Promise<UsageRow[]> {
  const rows = await db
    .selectFrom('usage_months')
    .select(['partner_id', 'accepted'])
    .where('month', '=', month)
    .where('partner_id', 'in', partnerIds)
    .execute();
  return rows.map((row) => ({ partnerId: row.partner_id, accepted: Number(row.accepted) }));
}

/** Adds to the totals and returns what they are now, other replicas' additions included. Rows are locked in order of partner. */
export async function addUsage(db: Kysely<Database>, month: string, additions: UsageRow[]): Promise<UsageRow[]> {
  const ordered = [...additions].sort((a, b) => a.partnerId - b.partnerId);
  const rows = await db
    .insertInto('usage_months')
    .values(ordered.map(({ partnerId, accepted }) => ({ partner_id: partnerId, month, accepted })))
    .onConflict((conflict) =>
      conflict.columns(['partner_id', 'month']).doUpdateSet({ accepted: sql<number>`usage_months.accepted + excluded.accepted` }),
    )
    .returning(['partner_id', 'accepted'])
    .execute();
  return rows.map((row) => ({ partnerId: row.partner_id, accepted: Number(row.accepted) }));
}
