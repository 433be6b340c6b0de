import { type Provisioned, withClient } from '../faults/provision.ts';
import { encodeRequest, HttpConnection } from '../load/http-client.ts';
import { eventBody } from '../load/requests.ts';
import { payloadBytes } from './scenario.ts';

/**
 * Puts unacknowledged events into a partner's inbox, much faster than over HTTP: one is sent to the service, and SQL copies what the service made
 * of it under ids shaped as UUIDv7, in order, spread evenly over the given hours before now. Then ANALYZE and a checkpoint, so that a measurement
 * does not pay for the loading.
 */
export async function storeEvents(url: string, port: number, partner: Provisioned, count: number, overHours: number): Promise<void> {
  const template = await sendOne(port, partner.apiKey);
  await withClient(url, async (client) => {
    const columnsOf = async (table: string) => {
      const text = `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns FROM pg_attribute
        WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'id'`;
      return (await client.query<{ columns: string }>(text, [table])).rows[0]?.columns as string;
    };
    const now = Date.now();
    const start = now - overHours * 3_600_000;
    for (let day = start; day < now + 86_400_000; day += 86_400_000) await client.query('SELECT ensure_partitions($1, 1)', [new Date(day)]);
    const tables = [
      { table: 'events', columns: await columnsOf('events') },
      { table: 'inbox', columns: await columnsOf('inbox') },
    ];
    const chunk = 500_000;
    for (let from = 0; from < count; from += chunk) {
      for (const { table, columns } of tables) {
        const text = `INSERT INTO ${table} (id, ${columns}) SELECT ${idText}, ${columns} FROM generate_series($3::bigint, $4::bigint) AS n,
          (SELECT ${columns} FROM ${table} WHERE partner_id = $5 AND id = $6) AS template`;
        await client.query(text, [start, (now - start) / count, from, Math.min(from + chunk, count) - 1, partner.id, template]);
      }
    }
    for (const { table } of tables) await client.query(`DELETE FROM ${table} WHERE partner_id = $1 AND id = $2`, [partner.id, template]);
    await client.query('VACUUM (ANALYZE) inbox');
    await client.query('ANALYZE events');
    await client.query('CHECKPOINT');
  });
}

/** The id of event n: its millisecond, then n. $1 is the first millisecond, $2 the milliseconds from one event to the next. */
const idText = `(lpad(to_hex(($1::float8 + n * $2::float8)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8'
  || lpad(to_hex(n), 15, '0'))::uuid`;

/** The UUID of an event sent over HTTP. */
async function sendOne(port: number, apiKey: string): Promise<string> {
  const http = new HttpConnection('127.0.0.1', port);
  const answer = await http.request(encodeRequest('POST', '/v1/events', { 'x-api-key': apiKey }, eventBody(payloadBytes, 'stored')));
  http.close();
  if (answer.status !== 200) throw new Error(`the first event was answered ${answer.status}: ${answer.body.toString('utf8', 0, 300)}`);
  return JSON.parse(answer.body.toString()).event_id.slice('evt_'.length);
}

/** The ids of a partner's inbox as the API writes them, oldest first. */
export async function inboxIds(url: string, partnerId: number): Promise<string[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ id: string }>("SELECT 'evt_' || id AS id FROM inbox WHERE partner_id = $1 ORDER BY inbox.id", [
      partnerId,
    ]);
    return rows.map(({ id }) => id);
  });
}
