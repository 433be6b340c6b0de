import t from 'tap';
import { rotateKey } from '../../../src/modules/keys/store.ts';
import { changeKey, createPartner, issueKey, resumePartner, revokeKey, suspendPartner } from '../../../src/modules/partners/store.ts';
import { KeyUsage } from '../../../src/pipeline/auth/key-usage.ts';
import { audited } from '../../../src/platform/audit.ts';
import { testPepper } from '../../helper/app.ts';
import { openLog, verdictOn } from './audit-log.ts';

const log = await openLog(t);
const { db, superuser } = log;
const alice = { name: 'admin:alice', source: 'laptop', reason: 'ticket 17' };
const secrets = { pepper: testPepper };

type Row = {
  actor: string;
  source: string;
  reason: string | null;
  action: string;
  subject: string;
  partner: string | null;
  details: object;
};
let seen = 0;
/** What was written since the last look, `by` whom and how as told. */
async function written(by: Partial<Row> = { actor: 'admin:alice', source: 'laptop', reason: 'ticket 17' }) {
  const { rows } = await superuser.query<Row & { seq: string }>('SELECT * FROM audit_log WHERE seq > $1 ORDER BY seq', [seen]);
  seen = Number(rows.at(-1)?.seq ?? seen);
  for (const row of rows) t.match(row, by);
  return rows.map(({ action, subject, partner, details }) => ({ action, subject, partner, details }));
}
const contacts = {
  contact_email: 'jane.smith@acme.example',
  contact_phone: '+1-555-0142',
  primary_contact: 'Jane Smith',
  backup_contact: 'John Doe',
};
const byHand = { actor: /^database:\w+$/, source: /^(127\.0\.0\.1|::1|local)$/, reason: null } as never;

t.test('each change of a partner is one entry with its action, actor, source, reason and what was changed', async (t) => {
  await audited(db, alice, (transaction) =>
    createPartner(transaction, { slug: 'acme', fields: { partner_name: 'Acme', ...contacts, slack_channel: '#acme' } }),
  );
  const [created, ...rest] = await written();
  t.same(rest, []);
  t.match(created, {
    action: 'partner.created',
    subject: 'partner:acme',
    partner: 'acme',
    details: { slug: 'acme', name: 'Acme', status: 'active', rate_limit_per_sec: 100, slack_channel: '#acme', contact_email: 'changed' },
  });

  const subject = { subject: 'partner:acme', partner: 'acme' };
  const set = (values: object) => (transaction: typeof db) =>
    transaction.updateTable('partners').set(values).where('slug', '=', 'acme').execute();
  await audited(db, alice, set({ rate_limit_per_sec: 250, rate_limit_burst: 300 }));
  const limits = { rate_limit_per_sec: { from: 100, to: 250 }, rate_limit_burst: { from: 100, to: 300 } };
  t.same(await written(), [{ ...subject, action: 'partner.changed', details: limits }]);
  await audited(db, alice, set({ contact_email: 'new@acme.example', backup_contact: null }));
  t.same(await written(), [{ ...subject, action: 'partner.changed', details: { contact_email: 'changed', backup_contact: 'changed' } }]);
  await audited(db, alice, (transaction) => suspendPartner(transaction, 'acme'));
  t.same(await written(), [{ ...subject, action: 'partner.suspended', details: { status: { from: 'active', to: 'suspended' } } }]);
  await audited(db, alice, (transaction) => resumePartner(transaction, 'acme'));
  t.same(await written(), [{ ...subject, action: 'partner.resumed', details: { status: { from: 'suspended', to: 'active' } } }]);
  await audited(db, alice, (transaction) => resumePartner(transaction, 'acme'));
  t.same(await written(), [], 'what changes nothing is no change');
});

t.test('each change of a key is one entry, under its number and the slug of its partner', async (t) => {
  const key = await issueKey(db, secrets, { slug: 'acme' }, alice);
  const prefix = { key_prefix: key.key_prefix };
  const subject = { subject: `key:${key.key_id}`, partner: 'acme' };
  const [issued, ...others] = await written();
  t.same(others, []);
  t.match(issued, { ...subject, action: 'key.issued', details: { ...prefix, class: 'beta', scopes: key.scopes } });

  await audited(db, alice, (transaction) =>
    changeKey(transaction, `${key.key_id}`, { scopes: ['inbox:read'], allowedCidrs: ['203.0.113.0/24'] }),
  );
  const changes = { ...prefix, scopes: { from: key.scopes, to: ['inbox:read'] }, allowed_cidrs: { from: null, to: ['203.0.113.0/24'] } };
  t.same(await written(), [{ ...subject, action: 'key.changed', details: changes }]);

  const rotation = await rotateKey(db, secrets, { keyId: key.key_id, graceMs: 3_600_000, now: Date.now() }, alice);
  if (typeof rotation === 'string') throw new Error(rotation);
  const rotated = await written();
  t.equal(rotated.length, 2);
  t.match(rotated, [
    { action: 'key.issued', subject: `key:${rotation.row.id}`, partner: 'acme' },
    {
      ...subject,
      action: 'key.rotated',
      details: { ...prefix, replaced_by: { from: null, to: rotation.row.id }, expires_at: { from: null, to: String } },
    },
  ]);

  await audited(db, alice, (transaction) => revokeKey(transaction, `${rotation.row.id}`));
  const revoked = await written();
  t.equal(revoked.length, 1);
  t.match(revoked, [
    {
      action: 'key.revoked',
      subject: `key:${rotation.row.id}`,
      details: { key_prefix: rotation.row.key_prefix, revoked_at: { from: null, to: String } },
    },
  ]);
  await audited(db, alice, (transaction) => revokeKey(transaction, `${rotation.row.id}`));
  t.same(await written(), [], 'again');
});

t.test('when a key was last used is no change of it', async (t) => {
  const key = await issueKey(db, secrets, { slug: 'acme' }, alice);
  await written();
  const usage = new KeyUsage({ db, clock: Date.now, onError: t.error });
  usage.note(key.key_id);
  await usage.flush();
  const { rows } = await superuser.query('SELECT last_used_at FROM api_keys WHERE id = $1', [key.key_id]);
  t.type(rows[0].last_used_at, Date);
  t.same(await written(), []);
});

t.test('what somebody does by hand is written down in the name of the database’s user', async (t) => {
  const { rows } = await superuser.query(
    `INSERT INTO partners (slug, partner_id, name) VALUES ('globex', 'beta_000900', 'Globex') RETURNING id`,
  );
  await superuser.query(
    `INSERT INTO api_keys (partner_id, key_hash, key_prefix, class, scopes) VALUES ($1, sha256('a'), 'sk_live_globex_AAAAAA', 'live', '{inbox:read}')`,
    [rows[0].id],
  );
  t.match(await written(byHand), [{ action: 'partner.created' }, { action: 'key.issued', partner: 'globex' }]);

  const hand = async (change: string) => {
    await superuser.query(`UPDATE api_keys SET ${change} WHERE key_prefix = 'sk_live_globex_AAAAAA'`);
    const entries = await written(byHand);
    t.equal(entries.length, 1);
    return entries[0];
  };
  const prefix = { key_prefix: 'sk_live_globex_AAAAAA' };
  t.match(await hand(`key_hash = sha256('b')`), { action: 'key.changed', details: { ...prefix, key_hash: 'changed' } });
  t.match(await hand('revoked_at = now()'), { action: 'key.revoked' });
  t.match(await hand('revoked_at = NULL'), { action: 'key.restored' });
  t.match(await hand('replaced_by = id'), { action: 'key.rotated' });
  t.match(await hand('replaced_by = NULL'), { action: 'key.changed' });

  await superuser.query(`BEGIN; DELETE FROM api_keys WHERE partner_id = ${rows[0].id}; DELETE FROM partners WHERE slug = 'globex'; COMMIT`);
  t.match(await written(byHand), [
    { action: 'key.deleted', partner: 'globex', details: prefix },
    { action: 'partner.deleted', subject: 'partner:globex', partner: 'globex', details: { name: 'Globex' } },
  ]);
});

t.test('the name of one transaction is not that of the next on the same connection', async (t) => {
  await db.connection().execute(async (connection) => {
    await audited(connection, alice, (transaction) => suspendPartner(transaction, 'acme'));
    await resumePartner(connection, 'acme');
  });
  await written({}).then((entries) => t.match(entries, [{ action: 'partner.suspended' }, { action: 'partner.resumed' }]));
  const { rows } = await superuser.query('SELECT actor, reason FROM audit_log ORDER BY seq DESC LIMIT 1');
  t.match(rows[0], { actor: /^database:/, reason: null });
});

t.test('two changes of one row in one transaction are two entries, each from and to what it was', async (t) => {
  await audited(db, alice, async (transaction) => {
    await suspendPartner(transaction, 'acme');
    await transaction.updateTable('partners').set({ name: 'Acme Corp' }).where('slug', '=', 'acme').execute();
  });
  t.match(await written(), [
    { action: 'partner.suspended' },
    { action: 'partner.changed', details: { name: { from: 'Acme', to: 'Acme Corp' } } },
  ]);
});

t.test('no hash of a key and nothing by which a person is reached is in the log', async (t) => {
  t.match(await verdictOn(log), { ok: true });
  const { rows } = await superuser.query<{ all: string }>('SELECT string_agg(audit_log::text, E\'\\n\') AS "all" FROM audit_log');
  const { rows: keys } = await superuser.query<{ hash: string }>(`SELECT encode(key_hash, 'hex') AS hash FROM api_keys`);
  const hidden = [...Object.values(contacts), 'new@acme.example', ...keys.map(({ hash }) => hash)];
  t.ok(keys.length >= 3);
  for (const text of hidden) t.notOk(rows[0]?.all.includes(text), text);
});
