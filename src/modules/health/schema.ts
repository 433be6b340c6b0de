import { type Static, type TSchema, Type } from '@sinclair/typebox';

const Status = Type.Union([Type.Literal('healthy'), Type.Literal('unhealthy'), Type.Literal('not_configured')]);
const dependency = <T extends Record<string, TSchema>>(more: T) => Type.Object({ status: Status, ...more });

const Latency = Type.Union([Type.Number(), Type.Null()]);

export const Health = Type.Object(
  {
    status: Type.Union([Type.Literal('healthy'), Type.Literal('degraded')], {
      description: '`degraded`, with status 503, as soon as one dependency is unhealthy.',
    }),
    serving: Type.Boolean({ description: 'Whether requests are still answered: a dead Redis alone does not stop them.' }),
    timestamp: Type.String({ format: 'date-time' }),
    version: Type.String({ examples: ['1.0.0'] }),
    uptime_seconds: Type.Integer(),
    dependencies: Type.Object({
      postgres: dependency({ latency_ms: Latency }),
      redis: dependency({ latency_ms: Latency }),
      inbox: dependency({
        queue_depth: Type.Union([Type.Integer(), Type.Null()], { description: 'Unacknowledged events of all partners, estimated.' }),
      }),
      vault: dependency({ last_key_rotation: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]) }),
    }),
    metrics: Type.Object({
      requests_total: Type.Integer(),
      errors_total: Type.Integer(),
      error_rate: Type.Number(),
      p95_latency_ms: Type.Number(),
    }),
  },
  { $id: 'Health' },
);
export type Health = Static<typeof Health>;

export const Live = Type.Object({ status: Type.Literal('live') }, { $id: 'Live' });
export const Ready = Type.Object(
  { status: Type.Union([Type.Literal('ready'), Type.Literal('not_ready')]), reason: Type.Optional(Type.String()) },
  { $id: 'Ready' },
);
