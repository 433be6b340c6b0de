import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { entryHash } from '../../../src/modules/audit/chain.ts';
import { seedOf } from '../../helper/seed-of.ts';
import { openLog } from './audit-log.ts';

const { superuser } = await openLog(t);
const seed = seedOf(process.env.AUDIT_SEED);

/** What Postgres can store: any character but NUL, no half of one. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }).filter((value) => !/\0|\p{Cs}/u.test(value)),
  fc.constantFrom('', ' ', '-', '-,', '3:abc,', `'"\\`, '\n', '\r\n\t', 'ä', '🗝️', '\u2028', '\ufeff', "'; DROP TABLE audit_log; --"),
);
const optionalText = fc.option(text);
const bigint = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const details = fc
  .tuple(fc.json({ noUnicodeString: false }), fc.constantFrom('', ' ', '\n\t'))
  .map(([json, space]) => `${space}${json}${space}`);
const entry = fc.record({
  seq: fc.oneof(fc.bigInt({ min: 1n, max: 1_000n }), bigint),
  at: fc.integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') }).map(String),
  actor: text,
  source: text,
  action: text,
  subject: text,
  partner: optionalText,
  reason: optionalText,
  details,
  previousHash: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
});

t.test('the hash is that of the length and the text of each field, after the hash before', async (t) => {
  const previousHash = Buffer.alloc(32, 7);
  const hash = entryHash({
    seq: 12n,
    at: '1795516200123',
    actor: 'admin:alice',
    source: 'läptop',
    action: 'key.revoked',
    subject: 'key:3',
    partner: null,
    reason: '',
    details: '{}',
    previousHash,
  });
  const fields = '2:12,13:1795516200123,11:admin:alice,7:läptop,11:key.revoked,5:key:3,-,0:,2:{},';
  t.same(
    hash,
    createHash('sha256')
      .update(Buffer.concat([previousHash, Buffer.from(fields)]))
      .digest(),
  );
});

t.test('the database computes the same hash of any entry that it can store', async (t) => {
  // One question for many entries: their columns, as arrays.
  const sql = `SELECT audit_hash(ROW(seq::bigint, 'epoch'::timestamptz + at::bigint / 1000 * interval '1 second' + at::bigint % 1000 * interval '1 millisecond',
      actor, source, action, subject, partner, reason, details::json, previous_hash, ''::bytea)::audit_log) AS hash
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[])
      WITH ORDINALITY AS given (seq, at, actor, source, action, subject, partner, reason, details, previous_hash, nth) ORDER BY nth`;
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 50 }), async (entries) => {
      const columns = ['seq', 'at', 'actor', 'source', 'action', 'subject', 'partner', 'reason', 'details', 'previousHash'] as const;
      const values = columns.map((column) => entries.map((entry) => (column === 'seq' ? `${entry.seq}` : entry[column])));
      const { rows } = await superuser.query<{ hash: Buffer }>(sql, values);
      compared += rows.length;
      return rows.length === entries.length && entries.every((entry, index) => rows[index]?.hash.equals(entryHash(entry)));
    }),
    { numRuns: 100, seed },
  );
  t.ok(compared > 500, `${compared} entries`);
});

t.test('no two entries have the same form: moving a character over the border of two fields changes the hash', async (t) => {
  const base = { seq: 1n, at: '0', source: 's', subject: 's', partner: null, reason: null, details: '{}', previousHash: Buffer.alloc(32) };
  const hashes = [
    { ...base, actor: 'ab', action: 'c' },
    { ...base, actor: 'a', action: 'bc' },
    { ...base, actor: 'ab,1:c', action: '' },
    { ...base, actor: 'ab', action: 'c', partner: '' },
    { ...base, actor: 'ab', action: 'c', partner: '-' },
    { ...base, actor: 'ab', action: 'c', reason: '' },
    { ...base, actor: 'ab', action: 'c', reason: '-,' },
  ].map((entry) => entryHash(entry).toString('hex'));
  t.equal(new Set(hashes).size, hashes.length);
});
