import type { OperationDocs } from '../operation-docs.ts';

const healthy = {
  status: 'healthy',
  serving: true,
  timestamp: '2026-11-24T10:30:00.123Z',
  version: '1.0.0',
  uptime_seconds: 86_400,
  dependencies: {
    postgres: { status: 'healthy', latency_ms: 0.61 },
    redis: { status: 'healthy', latency_ms: 0.24 },
    inbox: { status: 'healthy', queue_depth: 118 },
    vault: { status: 'not_configured', last_key_rotation: null },
  },
  metrics: { requests_total: 1_204_118, errors_total: 3, error_rate: 0.000002, p95_latency_ms: 7.42 },
};
const redisDown = {
  ...healthy,
  status: 'degraded',
  dependencies: { ...healthy.dependencies, redis: { status: 'unhealthy', latency_ms: null } },
};

export const health: Record<string, OperationDocs> = {
  getHealth: {
    summary: 'How the service is, and whether your key is good',
    description: `Every dependency, and whether requests are answered. No key is needed. **With** a key it is checked as well: 200 then also means that your key is good, 401 that it is not.

503 \`degraded\` names the dependency that is not well, or gives a \`reason\`; \`serving: true\` says that requests are answered all the same. Do not stop sending because of a degraded health: send, and obey the answers.`,
    tag: 'Health',
    otherPaths: { '/health': 'getHealthUnversioned' },
    optionalKey: true,
    answers: {
      200: { description: 'Everything is well.', headers: ['NoStore'], examples: { healthy: { summary: 'Healthy', value: healthy } } },
      503: {
        description: 'Something is not well.',
        headers: ['NoStore'],
        examples: {
          redis: { summary: 'Redis is away, requests are answered', value: redisDown },
          draining: {
            summary: 'This replica shuts down',
            value: { ...healthy, status: 'degraded', serving: false, reason: 'the server is shutting down' },
          },
        },
      },
    },
  },
  getLive: {
    summary: 'Whether the process lives',
    description: 'For orchestrators: anything but 200 calls for a restart. Looks at nothing but the process itself.',
    tag: 'Health',
    answers: { 200: { description: 'It lives.', examples: { live: { summary: 'Live', value: { status: 'live' } } } } },
  },
  getReady: {
    summary: 'Whether this replica takes requests',
    description:
      'For load balancers: 503 while Postgres does not answer, events wait longer than 3 s to be stored or their queue is full, or the process shuts down. A dead Redis does not make a replica unready.',
    tag: 'Health',
    answers: {
      200: { description: 'Send requests here.', examples: { ready: { summary: 'Ready', value: { status: 'ready' } } } },
      503: {
        description: 'Send requests elsewhere.',
        examples: { draining: { summary: 'Shutting down', value: { status: 'not_ready', reason: 'the server is shutting down' } } },
      },
    },
  },
};
