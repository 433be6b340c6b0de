import { type Static, type TSchema, Type } from '@sinclair/typebox';

const Status = Type.Union([Type.Literal('healthy'), Type.Literal('unhealthy'), Type.Literal('not_configured')], {
  description: 'How it is.',
});
const dependency = <T extends Record<string, TSchema>>(description: string, more: T) =>
  Type.Object({ status: Status, ...more }, { description });

const Latency = Type.Union([Type.Number(), Type.Null()], {
  description: 'How long it took to answer, in milliseconds; null when it did not.',
});

export const Health = Type.Object(
  {
    status: Type.Union([Type.Literal('healthy'), Type.Literal('degraded')], {
      description: '`degraded`, with status 503, as soon as one dependency is unhealthy.',
    }),
    serving: Type.Boolean({ description: 'Whether requests are still answered: a dead Redis alone does not stop them.' }),
    reason: Type.Optional(Type.String({ description: 'Why it is degraded, when that is not the fault of a dependency.' })),
    timestamp: Type.String({ format: 'date-time', description: 'Now.' }),
    version: Type.String({ description: 'Of the service.', examples: ['1.0.0'] }),
    uptime_seconds: Type.Integer({ description: 'Since this replica was started.' }),
    dependencies: Type.Object(
      {
        postgres: dependency('Where events are stored. Nothing is answered without it.', { latency_ms: Latency }),
        redis: dependency('Limits and wake-ups across replicas. Requests are answered without it.', { latency_ms: Latency }),
        inbox: dependency('What waits for partners.', {
          queue_depth: Type.Union([Type.Integer(), Type.Null()], { description: 'Unacknowledged events of all partners, estimated.' }),
        }),
        vault: dependency('Where secrets are kept.', {
          last_key_rotation: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
            description: 'When its key was last changed.',
          }),
        }),
      },
      { description: 'What the service stands on.' },
    ),
    metrics: Type.Object(
      {
        requests_total: Type.Integer({ description: 'Requests answered, without long polls.' }),
        errors_total: Type.Integer({ description: 'Those answered with a 5xx status.' }),
        error_rate: Type.Number({ description: 'The second divided by the first.' }),
        p95_latency_ms: Type.Number({ description: '95th percentile of the latest 1,024 requests, in milliseconds.' }),
      },
      { description: 'Of this replica since its start.' },
    ),
  },
  { $id: 'Health' },
);
export type Health = Static<typeof Health>;

export const Live = Type.Object({ status: Type.Literal('live', { description: 'Always this.' }) }, { $id: 'Live' });
export const Ready = Type.Object(
  {
    status: Type.Union([Type.Literal('ready'), Type.Literal('not_ready')], { description: '`not_ready` with status 503.' }),
    reason: Type.Optional(Type.String({ description: 'Why it is not ready.' })),
  },
  { $id: 'Ready' },
);
