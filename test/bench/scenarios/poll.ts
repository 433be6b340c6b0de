import { encodeRequest, HttpConnection } from '../../load/http-client.ts';
import { interleave, measureLoad, ofRounds } from '../measure.ts';
import type { Scenario } from '../scenario.ts';
import { storeEvents } from '../stored-events.ts';
import { check } from '../targets.ts';

export const poll: Scenario = {
  name: 'poll',
  what: 'poll of 100 events over HTTP, against a bare route that answers the same bytes',
  async run({ env, effort }) {
    const service = await env.startService('bench_poll', ['poller']);
    const { server, url } = service;
    const [partner] = service.partners;
    if (!partner) throw new Error('there is no partner');
    const ceiling = await env.ceiling();
    await storeEvents(url, server.port, partner, 10_000, 1);
    await giveBytes(ceiling.port, await pageOf(server.port, partner.apiKey));
    const load = {
      connections: 16,
      apiKeys: [partner.apiKey],
      durationMs: effort.seconds * 1_000,
      warmUpMs: effort.warmUpSeconds * 1_000,
    };
    const get = async (processId: number, port: number, path: string) =>
      (await measureLoad(env, processId, { ...load, port, source: { kind: 'fixed', method: 'GET', path, eventsEach: 100 } })).sample;
    const [bare, ours] = await interleave(effort.rounds, [
      { name: 'bare route, the same bytes, 16 connections', run: () => get(ceiling.processId, ceiling.port, '/bytes') },
      { name: 'poll of 100, 16 connections', run: () => get(server.processId(), server.port, '/v1/inbox?limit=100') },
    ]);
    if (!bare || !ours) throw new Error('nothing was measured');
    await env.stopService(service);
    const ratio = ofRounds(ours, bare, (a, b) => a.requestsPerSecond / b.requestsPerSecond);
    return { measurements: [bare, ours], checks: [check('poll', ratio)] };
  },
};

async function pageOf(port: number, apiKey: string): Promise<string> {
  const http = new HttpConnection('127.0.0.1', port);
  const answer = await http.request(encodeRequest('GET', '/v1/inbox?limit=100', { 'x-api-key': apiKey }));
  http.close();
  const text = answer.body.toString();
  if (JSON.parse(text).count !== 100) throw new Error(`the page has not 100 events: ${text.slice(0, 200)}`);
  return text;
}

async function giveBytes(port: number, body: string): Promise<void> {
  const http = new HttpConnection('127.0.0.1', port);
  const answer = await http.request(encodeRequest('PUT', '/bytes', {}, body));
  http.close();
  if (answer.status !== 200) throw new Error(`the bare route did not take the bytes: ${answer.status}`);
}
