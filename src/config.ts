import { readFileSync } from 'node:fs';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

/**
 * The whole environment of the service, in one place: the only reader of `process.env`. Every variable has its meaning, unit and
 * default here; README's configuration table is generated from these descriptions.
 */
export const ConfigSchema = Type.Object({
  NODE_ENV: Type.Union([Type.Literal('development'), Type.Literal('production'), Type.Literal('test')], {
    default: 'development',
    description: 'In `production` the process refuses to start on a database that may lose a committed event.',
  }),
  HOST: Type.String({ default: '0.0.0.0', description: 'Address of the public listener.' }),
  PORT: Type.Integer({ default: 3000, minimum: 0, maximum: 65535, description: 'Port of the public listener.' }),
  METRICS_HOST: Type.String({ default: '0.0.0.0', description: 'Address of the metrics listener.' }),
  METRICS_PORT: Type.Integer({
    default: 9464,
    minimum: 0,
    maximum: 65535,
    description: 'Port of `/metrics`, never served on the public listener.',
  }),
  DATABASE_URL: Type.String({
    pattern: '^postgres(ql)?://',
    description: 'Postgres 18, `postgres://user:password@host:port/database`. Required.',
  }),
  REDIS_URL: Type.Optional(
    Type.String({ pattern: '^rediss?://', description: 'Redis 7. Without it, limits and wake-ups stay inside the process.' }),
  ),
  REDIS_PREFIX: Type.String({ default: 'triggers:', description: 'Prefix of every Redis key and channel.' }),
  KEY_PEPPER: Type.String({
    minLength: 32,
    description: 'Secret mixed into every stored key hash and cursor signature; at least 32 characters. Required.',
  }),
  VAULT_KEY_FILE: Type.Optional(
    Type.String({
      description:
        'File of the local master keys (`./scripts/admin vault init`), readable by its owner only. Without it and `VAULT_KMS_KEY` keys are not vaulted.',
    }),
  ),
  VAULT_KMS_KEY: Type.Optional(
    Type.String({
      description: 'ARN, id or alias of the AWS KMS master key, in place of the file. Region and credentials as the AWS SDK finds them.',
    }),
  ),
  PUBLIC_URL: Type.String({
    default: '',
    description: 'Base of the links in problem documents and OpenAPI, e.g. `https://api.example.com`. Empty: links are relative.',
  }),
  SMTP_URL: Type.Optional(
    Type.String({
      pattern: '^smtps?://.',
      description:
        'Mail server of the onboarding, `smtp://user:password@host:587`. TLS is required unless the host is this machine or the URL ends with `?ignoreTLS=true`. Without it no mail is sent.',
    }),
  ),
  MAIL_FROM: Type.Optional(
    Type.String({ pattern: '^[^\\r\\n]*[^\\s<>@]@[^\\s<>@]+>?$', description: 'Sender, `Name <address>`. Required with `SMTP_URL`.' }),
  ),
  MAIL_REPLY_TO: Type.Optional(
    Type.String({
      pattern: '^[^\\r\\n]*[^\\s<>@]@[^\\s<>@]+>?$',
      description: 'Where answers to mails go, if not to `MAIL_FROM`.',
    }),
  ),
  SLACK_BOT_TOKEN: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'Token of the Slack app that makes the partners’ channels; scopes `channels:manage`, `channels:read`, `channels:join`, `channels:history`, `chat:write`, and `conversations.connect:write` to invite them. Without it no channel is made.',
    }),
  ),
  SLACK_API_URL: Type.Optional(
    Type.String({ pattern: '^https?://.', description: 'Base of Slack’s methods, for a proxy or a test. Default: Slack’s own.' }),
  ),
  GUIDE_URL: Type.Optional(
    Type.String({
      pattern: '^https?://.',
      description:
        'Where partners read `docs/getting-started.md`; mails and channels link to it. Default: `PUBLIC_URL` and `/guide/getting-started`.',
    }),
  ),
  TRUST_PROXY_HOPS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 8,
    description: 'Proxies in front whose `X-Forwarded-For` is believed.',
  }),
  LOG_LEVEL: Type.Union(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'pino level.' },
  ),
  ACCESS_LOG: Type.Optional(
    Type.Union([Type.Literal('on'), Type.Literal('off')], {
      description: 'A line of the log for each request, health probes aside; needs `LOG_LEVEL` `info` or below. Default: on in production.',
    }),
  ),
  PRICE_PER_HOUR: Type.Optional(
    Type.Number({ minimum: 0, description: 'What the deployment costs in dollars an hour, for the cost of a million events.' }),
  ),
  WRITE_POOL_SIZE: Type.Integer({
    default: 4,
    minimum: 3,
    maximum: 50,
    description: 'Postgres connections kept for storing and acknowledging.',
  }),
  READ_POOL_SIZE: Type.Integer({ default: 6, minimum: 1, maximum: 50, description: 'Postgres connections for polls, look-ups and keys.' }),
  MAX_QUEUED_ROWS: Type.Integer({
    default: 10_000,
    minimum: 1,
    description: 'Events that may wait for a commit, of one partner half as many; the next is answered 503.',
  }),
  AUTH_FAILURES_PER_MINUTE: Type.Integer({
    default: 60,
    minimum: 1,
    description: 'Failed authentications per address and minute before look-ups stop for it.',
  }),
  OVERLOAD_LATENESS_MS: Type.Integer({
    default: 250,
    minimum: 10,
    description: 'Lateness of the event loop from which polls are answered 503; storing, from four times that.',
  }),
  DRAIN_DELAY_MS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 60_000,
    description:
      'Time between not-ready and the closed listener, for the balancer to notice; more than a second below SHUTDOWN_DEADLINE_MS.',
  }),
  SHUTDOWN_DEADLINE_MS: Type.Integer({ default: 15_000, minimum: 100, maximum: 120_000, description: 'From the signal to a forced exit.' }),
  APP_VERSION: Type.String({ default: packageVersion(), description: 'Version shown by health and metrics.' }),
});

export type Config = Static<typeof ConfigSchema>;

/** Thrown with one line per wrong variable; values are not repeated, because they may be secrets. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Reads the environment into a typed configuration.
 * @throws {ConfigError} naming every missing or malformed variable at once.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const known = Object.keys(ConfigSchema.properties);
  const given = Object.fromEntries(
    known.filter((name) => env[name]).map((name) => [name, typed(name as keyof Config, env[name] as string)]),
  );
  const value = Value.Default(ConfigSchema, given);
  const problems = [...Value.Errors(ConfigSchema, value)];
  const lines = new Map(problems.map(({ path, message }) => [path.slice(1), message]));
  const { DRAIN_DELAY_MS: drain, SHUTDOWN_DEADLINE_MS: deadline } = value as Config;
  // The delay is spent before anything is drained: with less than a second left after it, what is under way would be cut off.
  if (lines.size === 0 && drain >= deadline - 1_000 && drain > 0)
    lines.set('DRAIN_DELAY_MS', 'must be below SHUTDOWN_DEADLINE_MS by more than 1000');
  const { DATABASE_URL: database, VAULT_KEY_FILE: file, VAULT_KMS_KEY: kms } = value as Config;
  // It would take the place of the options with which the server gives up its login's rights.
  if (lines.size === 0 && URL.parse(database)?.searchParams.has('options'))
    lines.set('DATABASE_URL', 'must not have a parameter `options`');
  if (lines.size === 0 && file && kms) lines.set('VAULT_KEY_FILE', 'must not be set together with VAULT_KMS_KEY');
  if (lines.size === 0 && (value as Config).SMTP_URL && !(value as Config).MAIL_FROM) lines.set('MAIL_FROM', 'is required with SMTP_URL');
  if (lines.size === 0) return value as Config;
  const text = [...lines].map(([name, message]) => `  ${name}: ${given[name] === undefined ? 'is required' : message}`).join('\n');
  throw new ConfigError(`The environment is not usable:\n${text}\nSee the configuration table in README.md.`);
}

/** Whether each request has a line in the log: as configured, else in production. */
export function wantsAccessLog({ ACCESS_LOG: wish, NODE_ENV }: Pick<Config, 'ACCESS_LOG' | 'NODE_ENV'>): boolean {
  return wish === undefined ? NODE_ENV === 'production' : wish === 'on';
}

/** What OpenTelemetry's own variables say of tracing, which is read before the service is loaded (src/telemetry.ts); undefined: no tracing. */
export type TracingSettings = { serviceName: string; share: number };

/**
 * `share` is the part of the traces that is recorded when the caller has not decided.
 * @throws {ConfigError} when it is no number from 0 to 1.
 */
export function tracingSettings(env: NodeJS.ProcessEnv = process.env): TracingSettings | undefined {
  if (!env.OTEL_EXPORTER_OTLP_ENDPOINT) return undefined;
  const share = Number(env.OTEL_TRACES_SAMPLER_ARG || '0.01');
  if (!(share >= 0 && share <= 1)) throw new ConfigError('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1');
  return { serviceName: env.OTEL_SERVICE_NAME || 'triggers-api', share };
}

/** Only a decimal number becomes a number, and only a whole one an integer: Value.Convert would take `1.5` for 1 and `true` for 1. */
function typed(name: keyof Config, text: string): string | number {
  const { type } = ConfigSchema.properties[name];
  const isNumber =
    (type === 'integer' && /^-?[0-9]{1,15}$/.test(text)) || (type === 'number' && /^-?[0-9]{1,9}(?:\.[0-9]{1,9})?$/.test(text));
  return isNumber ? Number(text) : text;
}

function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}
