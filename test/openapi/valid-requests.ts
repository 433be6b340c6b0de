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

/** A new event of the key's partner under a lease; a token that is none when the key may not take one. */
export async function leased(app: Pick<TestApp, 'request'>, key: string): Promise<{ id: string; token: string }> {
  const id = await stored(app, key);
  const answer = await app.request('POST', '/v1/inbox/receive', { key, body: { max_events: 500 } });
  const event = answer.json.events?.find((each: { event_id: string }) => each.event_id === id);
  return { id, token: event?.lease_token ?? '0c94d7f2-635b-4a81-9e3c-5b2d8e41c07a' };
}
