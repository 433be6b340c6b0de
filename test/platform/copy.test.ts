import pg from 'pg';
import t from 'tap';
import { copyInto, copyText } from '../../src/platform/copy.ts';
import { createTestDatabase } from '../helper/database.ts';

async function connect(t: Parameters<typeof createTestDatabase>[0], url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  t.teardown(() => client.end().catch(() => {}));
  return client;
}

const url = await createTestDatabase(t);
const client = await connect(t, url);
await client.query('CREATE TABLE first (id integer PRIMARY KEY, body text); CREATE TABLE second (id integer PRIMARY KEY)');
t.beforeEach(async () => void (await client.query('TRUNCATE first, second')));
const into = (first: string, second: string) => [
  { statement: 'COPY first (id, body) FROM STDIN', rows: first },
  { statement: 'COPY second (id) FROM STDIN', rows: second },
];
const counts = async () =>
  (await client.query('SELECT (SELECT count(*)::int FROM first) AS first, (SELECT count(*)::int FROM second) AS second')).rows[0];

t.test('texts come back character for character', async (t) => {
  const texts = [
    '',
    '\\N',
    '\\.',
    'tab\there',
    'line\nend\r\nand\rreturn',
    'back\\slash \\n \\t \\\\',
    '\u0001\u0008\u000b\u000c\u001f\u007f',
    '{"a":"\\u0000\\ud800"}',
    'naïve 日本語 😀 \u2028\u2029\ufeff',
    'x'.repeat(300_000),
  ];
  await copyInto(client, into(texts.map((text, id) => `${id}\t${copyText(text)}\n`).join(''), ''));
  const { rows } = await client.query('SELECT body FROM first ORDER BY id');
  t.same(
    rows.map(({ body }) => body),
    texts,
  );
});

t.test('all tables get their rows', async (t) => {
  await copyInto(client, into('1\ta\n2\tb\n', '1\n2\n3\n'));
  t.same(await counts(), { first: 2, second: 3 });
});

t.test('or none does, when a later table refuses, and the connection goes on', async (t) => {
  await t.rejects(copyInto(client, into('1\ta\n', '1\n1\n')), { code: '23505' });
  t.same(await counts(), { first: 0, second: 0 });
  await t.rejects(copyInto(client, into('one\ta\n', '1\n')), { code: '22P02' });
  t.same(await counts(), { first: 0, second: 0 });
  await copyInto(client, into('1\ta\n', '1\n'));
  t.same(await counts(), { first: 1, second: 1 });
});

t.test('a statement that cannot be parsed is an error, and the connection goes on', async (t) => {
  await t.rejects(copyInto(client, [{ statement: 'COPY nowhere FROM STDIN', rows: '1\n' }]), { code: '42P01' });
  t.same((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
});

t.test('a connection that is lost on the way is an error, not a hang', async (t) => {
  const other = await connect(t, url);
  const { rows } = await other.query('SELECT pg_backend_pid() AS pid');
  await client.query('BEGIN; LOCK TABLE first IN ACCESS EXCLUSIVE MODE');
  const copying = t.rejects(copyInto(other, into('1\ta\n', '1\n')));
  await client.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
  await copying;
  await client.query('ROLLBACK');
  t.same(await counts(), { first: 0, second: 0 });
});
