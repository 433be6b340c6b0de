import pg from 'pg';
import t, { type Test } from 'tap';
import { appRole } from '../../src/platform/postgres.ts';
import { createTestDatabase } from '../helper/database.ts';

const databaseUrl = await createTestDatabase(t);

async function connect(t: Pick<Test, 'teardown'>, options?: string, user?: string): Promise<pg.Client> {
  const url = new URL(databaseUrl);
  if (user) url.username = user;
  const client = new pg.Client({ connectionString: url.href, options });
  client.on('error', () => {});
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

const denied = { code: '42501' };
const owner = await connect(t);
// Roles belong to the whole server, which other test files share.
const stranger = `triggers_stranger_${process.pid}`;
await owner.query(`CREATE ROLE ${stranger} LOGIN PASSWORD '${new URL(databaseUrl).password}'`);
t.teardown(async () => {
  await owner.query(`DROP OWNED BY ${stranger}`);
  await owner.query(`DROP ROLE ${stranger}`);
});

t.test('a login without rights can use no function of ours, however it turns it', async (t) => {
  const client = await connect(t, undefined, stranger);
  for (const call of ["drop_expired_partitions('2100-01-01')", "ensure_partitions('2100-01-01', 1)", "audit_field('x')"])
    await t.rejects(client.query(`SELECT ${call}`), denied, call);
  await client.query('CREATE TEMP TABLE mine (seq bigint, at timestamptz, previous_hash bytea, hash bytea)');
  for (const name of ['audit_chain', 'audit_change', 'notify_auth_changed', 'refuse_change'])
    await t.rejects(
      client.query(`CREATE TRIGGER t BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION public.${name}('partner')`),
      denied,
      name,
    );
  for (const table of ['partners', 'api_keys', 'vault_secrets', 'audit_log', 'audit_head', 'events', 'onboarding_steps'])
    await t.rejects(client.query(`SELECT FROM ${table}`), denied, table);
  await t.rejects(client.query('CREATE TABLE public.mine ()'), denied);
});

t.test('the server may use the tables, and neither alter them nor put the triggers of the audit log to uses of its own', async (t) => {
  const client = await connect(t, appRole);
  for (const statement of [
    'CREATE TABLE public.mine ()',
    'ALTER TABLE partners ADD COLUMN mine text',
    'ALTER TABLE audit_log DISABLE TRIGGER append_only',
    'DROP TABLE events',
    'TRUNCATE partners CASCADE',
    "UPDATE audit_log SET actor = 'x'",
    'DELETE FROM audit_log',
    'UPDATE audit_head SET seq = 0',
    "INSERT INTO audit_head (singleton, seq, hash) VALUES (false, 0, '')",
    'SELECT * FROM kysely_migration',
  ])
    await t.rejects(client.query(statement), denied, statement);
  await client.query('CREATE TEMP TABLE mine (seq bigint, at timestamptz, previous_hash bytea, hash bytea)');
  await t.rejects(client.query('CREATE TRIGGER t BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION audit_chain()'), denied);
  t.equal((await client.query("SELECT ensure_partitions(now() + interval '30 days', 0) AS made")).rows[0].made, 4);
});

t.test('an entry that the server writes with a number and hashes of its own gets those of the chain', async (t) => {
  const client = await connect(t, appRole);
  const { rows } = await client.query(
    `INSERT INTO audit_log (seq, at, actor, source, action, subject, previous_hash, hash)
     VALUES (9999, '2000-01-01', 'a', 'b', 'c', 'd', 'forged', 'forged') RETURNING seq, at > now() - interval '1 minute' AS is_now, hash = audit_hash(audit_log) AS fits`,
  );
  t.match(rows, [{ seq: /^\d{1,3}$/, is_now: true, fits: true }]);
});

t.test('a login that is a member of the role and nothing else can run the server and its jobs', async (t) => {
  const member = `triggers_member_${process.pid}`;
  await owner.query(`CREATE ROLE ${member} LOGIN PASSWORD '${new URL(databaseUrl).password}' IN ROLE triggers_app`);
  t.teardown(() => owner.query(`DROP ROLE ${member}`));
  const client = await connect(t, appRole, member);
  t.match((await client.query('SELECT current_user, session_user')).rows, [{ current_user: 'triggers_app', session_user: member }]);
  const { startJobs } = await import('../../src/platform/jobs.ts');
  const url = new URL(databaseUrl);
  url.username = member;
  const ran = Promise.withResolvers<void>();
  const jobs = await startJobs({
    databaseUrl: url.href,
    jobs: [{ name: 'as-a-member', schedule: '0 0 1 1 *', run: async () => ran.resolve() }],
    pollSeconds: 0.5,
    onError: (error) => ran.reject(error),
  });
  await owner.query(`INSERT INTO pgboss.job (name, data) VALUES ('as-a-member', '{}')`);
  await t.resolves(ran.promise);
  await jobs.stop();
});

t.test('a migration whose login may not make the role says what an administrator has to do', async (t) => {
  const sql = await (await import('node:fs/promises')).readFile(
    new URL('../../migrations/0005_vault_audit_onboarding.sql', import.meta.url),
    'utf8',
  );
  const blocks = [...sql.matchAll(/^DO \$\$[\s\S]*?^END \$\$;$/gm)].map(([block]) => block);
  t.equal(blocks.length, 2);
  const client = await connect(t, undefined, stranger);
  const missing = blocks[0]?.replaceAll('triggers_app', `triggers_missing_${process.pid}`) as string;
  await t.rejects(client.query(missing), { message: /may not make it/, hint: /CREATE ROLE .* NOLOGIN; GRANT / });
  await t.rejects(client.query(blocks[1] as string), {
    message: /may not act as the role triggers_app/,
    hint: /GRANT triggers_app TO triggers_stranger/,
  });
});
