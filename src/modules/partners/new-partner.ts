import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../../platform/schema.ts';
import { type PartnerFields, toColumns } from './partner-fields.ts';

/** A number that is nobody else's, and the public id that goes with it. */
export type DrawnPartner = { id: number; partnerId: string };

/**
 * Draws the number of a new partner, before the transaction that stores it: its key is sealed for that number. The id is made of the number; a
 * number whose id somebody was given by name, or is `reserved` for, is passed over.
 */
export async function drawPartner(db: Kysely<Database>, reserved: ReadonlySet<string>): Promise<DrawnPartner> {
  for (;;) {
    const { rows } = await sql<DrawnPartner & { taken: boolean }>`
      WITH drawn AS MATERIALIZED (SELECT nextval(pg_get_serial_sequence('partners', 'id'))::integer AS id),
        named AS (SELECT id, 'beta_' || lpad(id::text, greatest(6, length(id::text)), '0') AS partner_id FROM drawn)
      SELECT id, partner_id AS "partnerId", EXISTS (SELECT FROM partners WHERE partners.partner_id = named.partner_id) AS taken
      FROM named`.execute(db);
    const { taken, ...drawn } = rows[0] as DrawnPartner & { taken: boolean };
    if (!taken && !reserved.has(drawn.partnerId)) return drawn;
  }
}

/** Stores a new partner. @returns undefined, and does nothing, when its slug or id is somebody's already. */
export async function insertPartner(
  db: Kysely<Database>,
  { id, partnerId }: DrawnPartner,
  { slug, fields }: { slug: string; fields: Partial<PartnerFields> },
): Promise<Selectable<Database['partners']> | undefined> {
  const { rate_limit_per_sec } = fields;
  const values = {
    id,
    slug,
    partner_id: partnerId,
    name: slug,
    // The burst follows the rate unless it is said; the rest is left to the defaults of the table.
    ...(rate_limit_per_sec !== undefined && { rate_limit_burst: rate_limit_per_sec }),
    ...toColumns(fields),
  };
  const columns = Object.entries(values);
  const { rows } = await sql<Selectable<Database['partners']>>`
    INSERT INTO partners (${sql.join(columns.map(([column]) => sql.ref(column)))}) OVERRIDING SYSTEM VALUE
    VALUES (${sql.join(columns.map(([, value]) => value))})
    ON CONFLICT DO NOTHING
    RETURNING *`.execute(db);
  return rows[0];
}
