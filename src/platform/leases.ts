/** Seconds that a lease may be taken or extended for, and how many it may last in all. */
export const leaseLengths = { least: 5, most: 3_600, inAll: 43_200 } as const;

/**
 * SQL: whether an inbox row is free, to be polled or leased. It is under no lease or delay, or at the end of it and not past its last delivery: then it
 * is on its way to the dead letters. Of a partner who never leases `visible_at` is null, and that is all that leases cost.
 * @param now an SQL expression of type timestamptz.
 * @param row the table's alias with a dot, where columns of others have these names too.
 */
export function isFreeSql(now: string, row = ''): string {
  return `(${row}visible_at IS NULL OR (${row}visible_at <= ${now} AND NOT ${row}last_delivery))`;
}
