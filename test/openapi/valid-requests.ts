import type { RequestOptions, TestApp } from '../helper/app.ts';

export type ValidRequest = RequestOptions & { method: string; path: string };

const event = { event_type: 'order.created', payload: { order_id: 'order_001' } };

/** A request of each operation that is answered 200. An operation that has none here fails the tests of conformance. */
export const validRequests: Record<string, (app: TestApp, key: string) => Promise<ValidRequest>> = {
  postEvent: async () => ({ method: 'POST', path: '/v1/events', body: event }),
  postEventsBatch: async () => ({ method: 'POST', path: '/v1/events/batch', body: { events: [event, event] } }),
  getInbox: async () => ({ method: 'GET', path: '/v1/inbox?limit=2&event_type=order.*' }),
  acknowledgeEvent: async (app, key) => ({ method: 'PATCH', path: `/v1/events/${await stored(app, key)}/acknowledge`, body: {} }),
  acknowledgeEvents: async (app, key) => ({
    method: 'POST',
    path: '/v1/events/acknowledge',
    body: { event_ids: [await stored(app, key)] },
  }),
  receiveEvents: async () => ({ method: 'POST', path: '/v1/inbox/receive', body: { max_events: 2, event_types: ['order.*'] } }),
  releaseEvent: async (app, key) => {
    const { id, token } = await leased(app, key);
    return { method: 'PATCH', path: `/v1/events/${id}/release`, body: { lease_token: token, delay_seconds: 1 } };
  },
  rejectEvent: async (app, key) => ({ method: 'PATCH', path: `/v1/events/${await stored(app, key)}/reject`, body: { reason: 'broken' } }),
  extendLease: async (app, key) => {
    const { id, token } = await leased(app, key);
    return { method: 'PATCH', path: `/v1/events/${id}/extend`, body: { lease_token: token, lease_seconds: 60 } };
  },
  settleEvents: async (app, key) => ({
    method: 'POST',
    path: '/v1/inbox/settle',
    body: { acknowledge: [{ event_id: await stored(app, key) }], reject: [{ event_id: await stored(app, key), reason: 'broken' }] },
  }),
  getEvent: async (app, key) => ({ method: 'GET', path: `/v1/events/${await stored(app, key)}` }),
  getDeadLetters: async () => ({ method: 'GET', path: '/v1/dead-letters?limit=2&event_type=order.*&reason=rejected' }),
  getDeadLetter: async (app, key) => ({ method: 'GET', path: `/v1/dead-letters/${await rejected(app, key)}` }),
  deleteDeadLetter: async (app, key) => ({ method: 'DELETE', path: `/v1/dead-letters/${await rejected(app, key)}` }),
  redriveDeadLetter: async (app, key) => ({ method: 'POST', path: `/v1/dead-letters/${await rejected(app, key)}/redrive`, body: {} }),
  redriveDeadLetters: async (app, key) => ({
    method: 'POST',
    path: '/v1/dead-letters/redrive',
    body: { event_ids: [await rejected(app, key), await stored(app, key)] },
  }),
  replayEvent: async (app, key) => ({ method: 'POST', path: `/v1/events/${await rejected(app, key)}/replay`, body: {} }),
  replayEvents: async () => ({
    method: 'POST',
    path: '/v1/events/replay',
    body: { filter: { from: '2026-11-24T00:00:00Z', to: '2026-11-25T00:00:00Z', status: 'any' }, limit: 2 },
  }),
  getJob: async (app, key) => ({ method: 'GET', path: `/v1/jobs/${await startedJob(app, key)}` }),
  listEvents: async () => ({ method: 'GET', path: '/v1/events?limit=2&event_type=order.*' }),
  expungePayload: async (app, key) => ({ method: 'DELETE', path: `/v1/events/${await stored(app, key)}/payload` }),
  getInboxStats: async () => ({ method: 'GET', path: '/v1/inbox/stats' }),
  rotateKey: async () => ({ method: 'POST', path: '/v1/keys/rotate', body: {} }),
  getAccount: async () => ({ method: 'GET', path: '/v1/account' }),
  patchAccount: async () => ({ method: 'PATCH', path: '/v1/account', body: { retention_hours: 168, backup_contact: null } }),
  getUsage: async () => ({ method: 'GET', path: '/v1/usage' }),
  getHealth: async () => ({ method: 'GET', path: '/v1/health' }),
  getHealthUnversioned: async () => ({ method: 'GET', path: '/health' }),
  getLive: async () => ({ method: 'GET', path: '/health/live' }),
  getReady: async () => ({ method: 'GET', path: '/health/ready' }),
  getOpenApi: async () => ({ method: 'GET', path: '/openapi.json' }),
  getErrorDocs: async () => ({ method: 'GET', path: '/docs/errors' }),
};

/** A new event of the key's partner; a well-formed id when the key may not store one. */
export async function stored({ request }: Pick<TestApp, 'request'>, key: string): Promise<string> {
  const answer = await request('POST', '/v1/events', { key, body: event });
  return answer.json.event_id ?? 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a';
}

/** A new dead letter of the key's partner; a well-formed id when the key may not make one. */
export async function rejected(app: Pick<TestApp, 'request'>, key: string): Promise<string> {
  const id = await stored(app, key);
  await app.request('PATCH', `/v1/events/${id}/reject`, { key, body: { reason: 'broken' } });
  return id;
}

/** A job of the key's partner, new or not finished; a well-formed id when the key may not start one. */
async function startedJob(app: Pick<TestApp, 'request'>, key: string): Promise<string> {
  const body = { event_ids: [await rejected(app, key), await rejected(app, key)], max_per_second: 1 };
  const answer = await app.request('POST', '/v1/dead-letters/redrive', { key, body });
  return answer.json.job_id ?? 'job_01a20d1c-17a3-7000-8e55-1f0c7a9be2d4';
}

let leases = 0;

/** A new event of the key's partner under a lease; a token that is none when the key may not take one. */
export async function leased(app: Pick<TestApp, 'request'>, key: string): Promise<{ id: string; token: string }> {
  // Of a type of its own, so that no other event is leased with it.
  leases += 1;
  const type = `lease.number_${leases}`;
  const posted = await app.request('POST', '/v1/events', { key, body: { ...event, event_type: type } });
  const answer = await app.request('POST', '/v1/inbox/receive', { key, body: { event_types: [type] } });
  return {
    id: posted.json.event_id ?? 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a',
    token: answer.json.events?.[0]?.lease_token ?? '0c94d7f2-635b-4a81-9e3c-5b2d8e41c07a',
  };
}
