import type { Kysely, Selectable, Updateable } from 'kysely';
import { expiredByNow } from '../../platform/expiry.ts';
import type { Database } from '../../platform/schema.ts';
import { type PartnerRecord, partnerRecord } from './records.ts';

/** What a list of partners may say about one, under the names of the story; what it does not say is not compared and not changed. */
export type PartnerFields = Pick<
  PartnerRecord,
  | 'partner_name'
  | 'contact_email'
  | 'contact_phone'
  | 'slack_channel'
  | 'primary_contact'
  | 'backup_contact'
  | 'rate_limit_per_sec'
  | 'rate_limit_burst'
  | 'rate_limit_per_month'
  | 'retention_hours'
  | 'max_deliveries'
>;

type Value = string | number | null;
export type Change = { field: keyof PartnerFields; from: Value; to: Value };

type PartnerRow = Selectable<Database['partners']>;

/** What would have to change for the partner to be as wanted. */
export function changesTo(row: PartnerRow, wanted: Partial<PartnerFields>): Change[] {
  const current = partnerRecord(row);
  return Object.entries(wanted)
    .filter(([, to]) => to !== undefined)
    .map(([field, to]) => ({ field, from: current[field as keyof PartnerFields], to }) as Change)
    .filter(({ from, to }) => from !== to);
}

/** The fields as columns of the table. */
export function toColumns(fields: Partial<PartnerFields>): Record<string, string | number | null> {
  const { partner_name, retention_hours, ...others } = fields;
  return {
    ...others,
    ...(partner_name !== undefined && { name: partner_name }),
    ...(retention_hours !== undefined && { retention_seconds: retention_hours * 3600 }),
  };
}

/** Sets the fields of a partner. What had expired under its old retention stays expired when the new one is longer. `now` in milliseconds. */
export async function updatePartner(db: Kysely<Database>, id: number, fields: Partial<PartnerFields>, now: number): Promise<PartnerRow> {
  const changes: Updateable<Database['partners']> = toColumns(fields);
  return db
    .updateTable('partners')
    .set(changes)
    .$if(fields.retention_hours !== undefined, (query) => query.set({ expired_through: expiredByNow(now) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
