import type { Provisioned } from '../../faults/provision.ts';
import type { Service } from '../environment.ts';
import { interleave, measureLoad, ofRounds } from '../measure.ts';
import type { Scenario } from '../scenario.ts';
import { storeEvents } from '../stored-events.ts';
import { check } from '../targets.ts';

const fewEvents = 10_000;

function partnerOf({ partners }: Service): Provisioned {
  const [partner] = partners;
  if (!partner) throw new Error('there is no partner');
  return partner;
}

export const depth: Scenario = {
  name: 'poll-depth',
  what: 'p50 of a poll with many events in the inbox, against one with 10 thousand',
  async run({ env, effort, say }) {
    const shallow = await env.startService('bench_shallow', ['poller']);
    const deep = await env.startService('bench_deep', ['poller']);
    await storeEvents(shallow.url, shallow.server.port, partnerOf(shallow), fewEvents, 48);
    say(`storing ${effort.storedEvents.toLocaleString('en')} events`);
    await storeEvents(deep.url, deep.server.port, partnerOf(deep), effort.storedEvents, 48);
    const poll = async (service: Service) =>
      (
        await measureLoad(env, service.server.processId(), {
          port: service.server.port,
          source: { kind: 'fixed', method: 'GET', path: '/v1/inbox?limit=100', eventsEach: 100 },
          connections: 2,
          apiKeys: [partnerOf(service).apiKey],
          durationMs: effort.seconds * 1_000,
          warmUpMs: effort.warmUpSeconds * 1_000,
        })
      ).sample;
    const [few, many] = await interleave(effort.rounds, [
      { name: `poll of 100 at ${fewEvents.toLocaleString('en')} stored, 2 connections`, run: () => poll(shallow) },
      { name: `poll of 100 at ${effort.storedEvents.toLocaleString('en')} stored, 2 connections`, run: () => poll(deep) },
    ]);
    if (!few || !many) throw new Error('nothing was measured');
    await env.stopService(shallow);
    await env.stopService(deep);
    const ratio = ofRounds(many, few, (a, b) => a.p50 / b.p50);
    return { measurements: [few, many], checks: [check('pollDepth', ratio, `${effort.storedEvents.toLocaleString('en')} stored events`)] };
  },
};
