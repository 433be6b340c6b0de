import t from 'tap';
import { createPools } from '../../../src/platform/postgres.ts';
import { startTestApp } from '../../helper/app.ts';
import { verdictOn } from './audit-log.ts';

const app = await startTestApp(t);
const pools = createPools({ databaseUrl: app.databaseUrl, writeConnections: 1, readConnections: 1, onIdleError: () => {} });
t.teardown(() => pools.close());

/** What the log has of the partner since it was made. */
async function entriesOf(slug: string) {
  const { rows } = await app.db.query(
    `SELECT actor, source, action, subject, reason, details FROM audit_log WHERE partner = $1 AND actor NOT LIKE 'database:%' ORDER BY seq`,
    [slug],
  );
  return rows;
}
const keyIdOf = async (partnerId: number) =>
  (await app.db.query('SELECT min(id) AS id FROM api_keys WHERE partner_id = $1', [partnerId])).rows[0].id;

t.test('what a partner changes of itself is written down: it, its address, its key and the request', async (t) => {
  const { id, slug, key } = await app.addPartner();
  const body = { retention_hours: 168, contact_email: 'integration@acme.example' };
  const answer = await app.request('PATCH', '/v1/account', { key, body });
  t.equal(answer.status, 200);
  const [entry, ...rest] = await entriesOf(slug);
  t.same(rest, []);
  t.match(entry, {
    actor: `partner:${slug}`,
    source: `127.0.0.1 key ${await keyIdOf(id)} request ${answer.headers.get('x-request-id')}`,
    action: 'partner.changed',
    subject: `partner:${slug}`,
    reason: null,
    details: { retention_seconds: { from: 259_200, to: 604_800 }, contact_email: 'changed' },
  });
  t.notOk(JSON.stringify(entry).includes('acme.example'));
});

t.test('a request that changes nothing, or is refused, leaves no entry', async (t) => {
  const { slug, key } = await app.addPartner();
  const statuses = [];
  for (const body of [{ max_deliveries: 10 }, { max_deliveries: 0 }, { status: 'suspended' }]) {
    statuses.push((await app.request('PATCH', '/v1/account', { key, body })).status);
  }
  statuses.push((await app.request('POST', '/v1/keys/rotate', { key, body: { grace_seconds: 5 } })).status);
  t.same(statuses, [200, 400, 400, 400]);
  t.same(await entriesOf(slug), []);
});

t.test('a rotation is two entries: the new key, and the old one that it replaces, neither with the key itself', async (t) => {
  const { id, slug, key } = await app.addPartner();
  const keyId = await keyIdOf(id);
  const answer = await app.request('POST', '/v1/keys/rotate', { key, body: { grace_seconds: 3_600 } });
  t.equal(answer.status, 200);
  const { api_key, key_id, key_prefix } = answer.json;
  const by = { actor: `partner:${slug}`, source: `127.0.0.1 key ${keyId} request ${answer.headers.get('x-request-id')}` };
  const entries = await entriesOf(slug);
  t.equal(entries.length, 2);
  t.match(entries, [
    { ...by, action: 'key.issued', subject: `key:${key_id}`, details: { key_prefix } },
    {
      ...by,
      action: 'key.rotated',
      subject: `key:${keyId}`,
      details: { replaced_by: { from: null, to: key_id }, expires_at: { from: null } },
    },
  ]);
  t.notOk(JSON.stringify(entries).includes(api_key.slice(-12)));
});

t.test('the chain that the server writes is whole', async (t) => {
  t.match(await verdictOn({ db: pools.db }), { ok: true });
});
