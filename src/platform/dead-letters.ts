/**
 * Moving events from the inbox to the dead letters, as a part of the statement that finds out that they must go: so that an event is in one of
 * the two at any moment, and is moved once.
 */

export type DeadLetterReason = 'rejected' | 'max_deliveries_exceeded';

/**
 * The common table expressions `gone` and `buried` of a statement that has one named `dying` with the columns partner_id, id, reason and detail:
 * the inbox rows of those, locked by it, are deleted, and the events are copied. `buried` returns partner_id and id.
 * @param now an SQL expression of type timestamptz.
 */
export function buryDying(now: string): string {
  return `gone AS (
  DELETE FROM inbox USING dying WHERE inbox.partner_id = dying.partner_id AND inbox.id = dying.id
  RETURNING inbox.partner_id, inbox.id, deliveries, replayed, lease_token, reason, detail
), buried AS (
  INSERT INTO dead_letters (partner_id, id, event_type, attributes, payload, reason, detail, deliveries, replayed, lease_token, dead_at)
  SELECT partner_id, id, event_type, attributes, payload, reason, detail, deliveries, replayed, lease_token, ${now}
  FROM gone JOIN events USING (partner_id, id)
  RETURNING partner_id, id
)`;
}
