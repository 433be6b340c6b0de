import type { Answer, TestApp } from '../../helper/app.ts';

export const structured = 'application/cloudevents+json';
export const batched = 'application/cloudevents-batch+json';

/** The attributes that every CloudEvent must have. */
export const required = { specversion: '1.0', id: 'A234-1234-1234', source: '/mycontext', type: 'com.example.someevent' };

export type CloudEventsClient = {
  /** Sends one in structured mode. */
  send(body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Sends one in binary mode: attributes by name, of which those with the value null are left out. */
  sendBinary(attributes: Record<string, string | null>, body?: string | Uint8Array, headers?: Record<string, string>): Promise<Answer>;
  sendBatch(body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The whole inbox as plain events. */
  plain(): Promise<Answer>;
  /** The whole inbox as CloudEvents. */
  cloudEvents(): Promise<Answer>;
};

/** What a partner of its own can do with CloudEvents. */
export async function cloudEventsClient({ request, addPartner }: Pick<TestApp, 'request' | 'addPartner'>): Promise<CloudEventsClient> {
  const { key } = await addPartner();
  return {
    send: (body, headers = {}) => request('POST', '/v1/events', { key, body, headers: { 'content-type': structured, ...headers } }),
    sendBinary(attributes, body, headers = {}) {
      const given = Object.entries({ ...required, ...attributes }).filter((each): each is [string, string] => each[1] !== null);
      const asHeaders = Object.fromEntries(given.map(([name, value]) => [`ce-${name}`, value]));
      return request('POST', '/v1/events', { key, body, headers: { ...asHeaders, ...headers } });
    },
    sendBatch: (body, headers = {}) => request('POST', '/v1/events/batch', { key, body, headers: { 'content-type': batched, ...headers } }),
    plain: () => request('GET', '/v1/inbox?limit=500', { key }),
    cloudEvents: () => request('GET', '/v1/inbox?limit=500', { key, headers: { accept: batched } }),
  };
}
