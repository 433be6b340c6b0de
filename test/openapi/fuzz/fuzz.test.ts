import t from 'tap';
import { scopes } from '../../../src/pipeline/auth/principal.ts';
import { insertKey, startTestApp } from '../../helper/app.ts';
import { seedOf } from '../../helper/seed-of.ts';
import { Contract } from '../contract.ts';
import { runCampaign } from './campaign.ts';

const seed = seedOf(process.env.FUZZ_SEED);
const requests = Number(process.env.FUZZ_REQUESTS ?? 10_000);
const main = await startTestApp(t, { AUTH_FAILURES_PER_MINUTE: 1_000_000 });

t.test(`every answer to ${requests} requests is as documented (FUZZ_SEED=${seed})`, async (t) => {
  const { status, json: document } = await main.request('GET', '/openapi.json');
  t.equal(status, 200);
  const begun = performance.now();
  const { failures, sent, seen, judged } = await runCampaign({
    url: main.url,
    document,
    seed,
    requests,
    partners: await Promise.all(Array.from({ length: 16 }, newPartner)),
    explain: (requestId) => main.logs.filter((line) => line.includes(requestId)).join(''),
  });
  process.stderr.write(`FUZZ_SEED=${seed}: ${sent} requests in ${Math.round(performance.now() - begun)} ms\n`);
  for (const failure of failures) t.fail(failure.split('\n', 1)[0] as string, { reproduction: failure, seed, stack: '' });
  t.ok(sent >= requests);
  if (process.env.FUZZ_STATISTICS) {
    const lines = [...seen].map(([id, statuses]) => `${id} ${JSON.stringify([Object.fromEntries(statuses), judged.get(id)])}\n`);
    process.stderr.write(lines.join(''));
  }

  // The fuzz is worth what it reaches: every operation succeeds sometimes, and each that needs a key was also sent what it must refuse.
  if (requests < 10_000) return;
  for (const { operation } of new Contract(document).operations) {
    const statuses = [...(seen.get(operation.operationId)?.keys() ?? [])];
    t.ok(
      statuses.some((status) => status < 300),
      `${operation.operationId} was answered ${statuses}`,
    );
    if (!operation.requestBody) continue;
    t.ok((judged.get(operation.operationId)?.invalid ?? 0) >= 10, `${operation.operationId} was sent what is invalid`);
  }
});

async function newPartner() {
  const { id, slug, key } = await main.addPartner();
  const lacking = await Promise.all(
    scopes.map(
      async (scope) =>
        [
          scope as string,
          await insertKey(
            main.db,
            id,
            slug,
            scopes.filter((each) => each !== scope),
          ),
        ] as const,
    ),
  );
  const keys = new Map(lacking);
  return { key, without: (scope: string) => keys.get(scope) };
}
