import pg from 'pg';
import t from 'tap';
import { CopyMessage } from '../../src/platform/copy.ts';
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

type First = [id: number, body: string];

/** Copies rows into both tables at once; of the second one a number is its row. */
function copy(to: pg.Client, first: First[], second: number[], sizeHint = 100): Promise<void> {
  const message = new CopyMessage(
    ['COPY first (id, body) FROM STDIN (FORMAT binary)', 'COPY second (id) FROM STDIN (FORMAT binary)'],
    sizeHint,
  );
  message.beginTable();
  for (const [id, body] of first) {
    message.beginRow(2);
    message.integer(id);
    message.text(body);
  }
  message.endTable();
  message.beginTable();
  for (const id of second) {
    message.beginRow(1);
    message.integer(id);
  }
  message.endTable();
  return message.send(to);
}

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
  await copy(
    client,
    texts.map((text, id) => [id, text]),
    [],
  );
  const { rows } = await client.query('SELECT body FROM first ORDER BY id');
  t.same(
    rows.map(({ body }) => body),
    texts,
  );
});

t.test('all tables get their rows', async (t) => {
  await copy(
    client,
    [
      [1, 'a'],
      [2, 'b'],
    ],
    [1, 2, 3],
  );
  t.same(await counts(), { first: 2, second: 3 });
});

t.test('or none does, when a later table refuses, and the connection goes on', async (t) => {
  await t.rejects(copy(client, [[1, 'a']], [1, 1]), { code: '23505' });
  t.same(await counts(), { first: 0, second: 0 });
  await t.rejects(
    copy(
      client,
      [
        [1, 'a NUL: \0'],
        [2, 'b'],
      ],
      [1],
    ),
    { code: '22021' },
  );
  t.same(await counts(), { first: 0, second: 0 });
  await copy(client, [[1, 'a']], [1]);
  t.same(await counts(), { first: 1, second: 1 });
});

t.test('values that have their own form: whole numbers, ids, and how many bytes a text has', async (t) => {
  const ids = ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'];
  const numbers = [0, 2_147_483_647, -2_147_483_648];
  await client.query('CREATE TEMPORARY TABLE forms (id uuid, number integer)');
  const message = new CopyMessage(['COPY forms FROM STDIN (FORMAT binary)'], 0);
  message.beginTable();
  ids.forEach((id, index) => {
    message.beginRow(2);
    message.uuid(id);
    message.integer(numbers[index] as number);
  });
  message.endTable();
  await message.send(client);
  const { rows } = await client.query('SELECT id, number FROM forms');
  t.same(
    rows,
    ids.map((id, index) => ({ id, number: numbers[index] })),
  );
  for (const text of ['', 'abc', 'naïve 日本語 😀', 'ü'.repeat(1_000)]) t.equal(new CopyMessage([], 0).text(text), Buffer.byteLength(text));
});

t.test('a statement that fails before its rows are read is an error, they are ignored, and the connection goes on', async (t) => {
  const message = new CopyMessage(['COPY nowhere FROM STDIN (FORMAT binary)'], 0);
  message.beginTable();
  for (let row = 0; row < 10_000; row++) {
    message.beginRow(1);
    message.text('a row that nobody asked for');
  }
  message.endTable();
  await t.rejects(message.send(client), { code: '42P01' });
  t.same((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
});

t.test('a connection that is lost on the way is an error, not a hang', async (t) => {
  const other = await connect(t, url);
  const { rows } = await other.query('SELECT pg_backend_pid() AS pid');
  await client.query('BEGIN; LOCK TABLE first IN ACCESS EXCLUSIVE MODE');
  const copying = t.rejects(copy(other, [[1, 'a']], [1]));
  await client.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
  await copying;
  await client.query('ROLLBACK');
  t.same(await counts(), { first: 0, second: 0 });
});
