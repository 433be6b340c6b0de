import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { type Campaign, type CampaignOptions, runCampaign } from './campaign.ts';
import { type Fault, faults, smallDocument } from './small-document.ts';
import { smallServer } from './small-server.ts';

t.test('a server that does what its document says passes, with every operation reached', async (t) => {
  const { failures, seen, sent } = await fuzz(t, undefined, 1_500);
  t.same(failures, []);
  t.ok(sent >= 1_500);
  for (const operation of ['postThing', 'getThing', 'deleteThing']) t.ok((seen.get(operation)?.get(200) ?? 0) > 20, operation);
});

/** What only few requests of a campaign come upon. */
const rare = new Set<Fault>(['a bound not kept', 'an ignored scope']);

for (const [fault, words] of Object.entries(faults) as [Fault, string][]) {
  t.test(`found: ${fault}`, async (t) => {
    const { failures } = await fuzz(t, fault, rare.has(fault) ? 2_500 : 900, { soughtFor: (failure) => failure.includes(words) });
    t.ok(
      failures.some((failure) => failure.includes(words)),
      `${words}, among ${failures.map((failure) => failure.split('\n')[1]).join('; ')}`,
    );
  });
}

t.test('a failure comes reduced to what it takes', async (t) => {
  const { failures } = await fuzz(t, 'a server error', 1_500);
  const body = /\n\n(\{.*\})\n--- answer/.exec(failures.find((each) => each.includes('postThing')) ?? '')?.[1] as string;
  t.same(Object.keys(JSON.parse(body)), ['name']);
  t.ok(JSON.parse(body).name.length <= 2, body);
});

t.test('the same seed sends the same, and another something else', async (t) => {
  const [first, again, other] = [
    await fuzz(t, undefined, 300, { seed: 7 }),
    await fuzz(t, undefined, 300, { seed: 7 }),
    await fuzz(t, undefined, 300, { seed: 8 }),
  ];
  t.same(first.seen, again.seen);
  t.same(first.judged, again.judged);
  t.not(JSON.stringify([...first.judged]), JSON.stringify([...other.judged]));
});

type Options = Partial<Pick<CampaignOptions, 'seed' | 'soughtFor'>>;

async function fuzz(t: Test, fault: Fault | undefined, requests: number, options: Options = {}): Promise<Campaign> {
  const server = smallServer(fault).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return runCampaign({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    document: smallDocument,
    seed: 4711,
    ...options,
    requests,
    partners: Array.from({ length: 4 }, (_, index) => ({ key: `p${index}:things`, without: () => `p${index}:other` })),
    hangingMs: 500,
    stopAfter: 4,
  });
}
