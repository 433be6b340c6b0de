import t from 'tap';
import { type ConfigError, ConfigSchema, loadConfig } from '../src/config.ts';

const needed = { DATABASE_URL: 'postgres://u:p@localhost/x', KEY_PEPPER: 'p'.repeat(32) };

function errorOf(env: Record<string, string>): ConfigError {
  try {
    loadConfig(env);
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error('the environment was accepted');
}

t.test('two variables are required, and the rest has defaults', async (t) => {
  t.match(loadConfig(needed), {
    ...needed,
    NODE_ENV: 'development',
    HOST: '0.0.0.0',
    PORT: 3000,
    METRICS_PORT: 9464,
    LOG_LEVEL: 'info',
    MAX_QUEUED_ROWS: 10_000,
  });
  t.equal(loadConfig(needed).REDIS_URL, undefined);
});

t.test('every error is reported at once', async (t) => {
  const error = errorOf({
    PORT: 'http',
    METRICS_PORT: '70000',
    REDIS_URL: 'localhost:6379',
    LOG_LEVEL: 'loud',
    KEY_PEPPER: 'short',
    WRITE_POOL_SIZE: '0',
  });
  t.equal(error.name, 'ConfigError');
  const lines = error.message.split('\n').filter((line) => line.startsWith('  '));
  t.same(lines.map((line) => line.trim().split(':', 1)[0]).sort(), [
    'DATABASE_URL',
    'KEY_PEPPER',
    'LOG_LEVEL',
    'METRICS_PORT',
    'PORT',
    'REDIS_URL',
    'WRITE_POOL_SIZE',
  ]);
  t.match(error.message, /DATABASE_URL: is required/);
});

t.test('a price may have a fraction, and is no less than nothing', async (t) => {
  t.equal(loadConfig({ ...needed, PRICE_PER_HOUR: '0.125' }).PRICE_PER_HOUR, 0.125);
  t.equal(loadConfig({ ...needed, PRICE_PER_HOUR: '12' }).PRICE_PER_HOUR, 12);
  t.equal(loadConfig(needed).PRICE_PER_HOUR, undefined);
  for (const wrong of ['-1', '1e3', 'free', '1.']) t.match(errorOf({ ...needed, PRICE_PER_HOUR: wrong }).message, /PRICE_PER_HOUR/, wrong);
});

t.test('no value is echoed, because it may be a secret', async (t) => {
  const secret = 'hunter2';
  const wrong = Object.fromEntries(Object.keys(ConfigSchema.properties).map((name) => [name, secret]));
  const error = errorOf(wrong);
  t.match(error.message, /DATABASE_URL/);
  t.notMatch(error.message + error.stack, secret);
});

t.test('a mail server needs a sender, and addresses and URLs have their form', async (t) => {
  const mail = { ...needed, SMTP_URL: 'smtp://user:password@mail.example:587', MAIL_FROM: 'Triggers API <beta@example.com>' };
  t.match(loadConfig({ ...mail, MAIL_REPLY_TO: 'support@example.com', GUIDE_URL: 'https://guide.example' }), mail);
  t.match(errorOf({ ...mail, MAIL_FROM: '' }).message, /MAIL_FROM: is required/);
  for (const [name, value] of Object.entries({
    SMTP_URL: 'mail.example',
    MAIL_FROM: 'nobody',
    MAIL_REPLY_TO: 'a@b.example\r\nBcc: c@d.example',
    SLACK_API_URL: 'slack.com',
    GUIDE_URL: 'javascript:alert(1)',
  }))
    t.match(errorOf({ ...mail, [name]: value }).message, new RegExp(`^  ${name}: `, 'm'), name);
});

t.test('numbers are whole decimal numbers, nothing else becomes one', async (t) => {
  t.equal(loadConfig({ ...needed, PORT: '0' }).PORT, 0);
  t.equal(loadConfig({ ...needed, PORT: '65535' }).PORT, 65_535);
  for (const PORT of ['65536', '-1', '1.5', '1e3', '0x10', '3000 ', 'true', 'NaN', '３０００'])
    t.match(errorOf({ ...needed, PORT }).message, /PORT/, JSON.stringify(PORT));
});

t.test('an empty variable is one that is not set', async (t) => {
  const config = loadConfig({ ...needed, REDIS_URL: '', PORT: '' });
  t.equal(config.REDIS_URL, undefined);
  t.equal(config.PORT, 3000);
  t.match(errorOf({ ...needed, DATABASE_URL: '' }).message, /DATABASE_URL: is required/);
});

t.test('the delay of a drain must leave more than a second of the deadline for the drain itself', async (t) => {
  const drain = (delay: string, deadline: string) => ({ ...needed, DRAIN_DELAY_MS: delay, SHUTDOWN_DEADLINE_MS: deadline });
  t.match(loadConfig(drain('8999', '10000')), { DRAIN_DELAY_MS: 8_999 });
  t.match(loadConfig(drain('0', '500')), { DRAIN_DELAY_MS: 0 }, 'without a delay there is nothing to compare');
  for (const [delay, deadline] of [
    ['9000', '10000'],
    ['20000', '10000'],
    ['14000', ''],
  ] as const)
    t.match(errorOf(drain(delay, deadline)), { name: 'ConfigError', message: /DRAIN_DELAY_MS: must be below SHUTDOWN_DEADLINE_MS/ });
});

t.test('variables that are not ours are left alone, and the environment is not changed', async (t) => {
  const env = { ...needed, PATH: '/bin', TRIGGERS_SECRET: 'x' };
  const before = { ...env };
  t.notMatch(Object.keys(loadConfig(env)).join(), /PATH|TRIGGERS_SECRET/);
  t.same(env, before);
});

t.test('every variable says what it means', async (t) => {
  for (const [name, schema] of Object.entries(ConfigSchema.properties)) t.ok((schema.description ?? '').length > 10, name);
});

t.test('what would silently change whom the server acts as, or where its keys are, is refused', (t) => {
  const env = { DATABASE_URL: 'postgres://u:p@h/db', KEY_PEPPER: 'p'.repeat(32) };
  t.throws(() => loadConfig({ ...env, DATABASE_URL: `${env.DATABASE_URL}?options=-c%20role%3Dpostgres` }), {
    name: 'ConfigError',
    message: /DATABASE_URL: must not have a parameter `options`/,
  });
  t.throws(() => loadConfig({ ...env, VAULT_KEY_FILE: '/vault.json', VAULT_KMS_KEY: 'alias/triggers' }), {
    name: 'ConfigError',
    message: /VAULT_KEY_FILE: must not be set together with VAULT_KMS_KEY/,
  });
  t.equal(loadConfig({ ...env, DATABASE_URL: `${env.DATABASE_URL}?sslmode=require` }).DATABASE_URL, `${env.DATABASE_URL}?sslmode=require`);
  t.end();
});
