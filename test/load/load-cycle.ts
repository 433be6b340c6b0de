import { performance } from 'node:perf_hooks';
import { encodeRequest, type HttpAnswer } from './http-client.ts';
import type { LoadConnection, Tally } from './load-generator.ts';
import type { LoadSpec, RequestSource } from './load-spec.ts';
import { batchBody, headersFor } from './requests.ts';

/** Insert, poll or receive, acknowledge, on every connection, until enough events have gone round or the time is over. */
export async function runCycles(
  spec: LoadSpec,
  source: Extract<RequestSource, { kind: 'cycle' }>,
  connections: LoadConnection[],
  runId: string,
  tally: Tally,
): Promise<void> {
  const until = performance.now() + spec.durationMs;
  let begun = 0;
  await Promise.all(
    connections.map(async ({ http, apiKey }, lane) => {
      const headers = headersFor(apiKey);
      const fetch = source.leased
        ? encodeRequest('POST', '/v1/inbox/receive', headers, JSON.stringify({ max_events: source.size }))
        : encodeRequest('GET', `/v1/inbox?limit=${source.size}`, headers);
      for (let round = 0; begun < source.events && performance.now() < until; round++) {
        begun += source.size;
        try {
          const body = batchBody(source.size, source.payloadBytes, `${runId}-${lane}-${round}`);
          expectOk(await http.request(encodeRequest('POST', '/v1/events/batch', headers, body)));
          const sentAt = performance.now();
          const page = await http.request(fetch);
          const milliseconds = performance.now() - sentAt;
          const eventIds = idsOf(expectOk(page));
          // Others on the same inbox may have been faster.
          if (eventIds.length > 0) {
            const acknowledge = source.leased ? settleRequest(page, eventIds) : { event_ids: eventIds };
            const path = source.leased ? '/v1/inbox/settle' : '/v1/events/acknowledge';
            expectOk(await http.request(encodeRequest('POST', path, headers, JSON.stringify(acknowledge))));
          }
          tally.answered(page, milliseconds, eventIds.length);
        } catch (error) {
          tally.failed(error);
          if (tally.errors > 100) return;
        }
      }
    }),
  );
}

/** The ids of an inbox page, without parsing the payloads. */
export function idsOf(page: HttpAnswer): string[] {
  return page.body.toString('latin1').match(/evt_[0-9a-f-]{36}/g) ?? [];
}

/** Acknowledges every event of a receive's answer, each under its lease. */
function settleRequest(page: HttpAnswer, eventIds: string[]): { acknowledge: { event_id: string; lease_token: string }[] } {
  const tokens = [...page.body.toString('latin1').matchAll(/"lease_token":"([^"]+)"/g)].map(([, token]) => token as string);
  return { acknowledge: eventIds.map((id, index) => ({ event_id: id, lease_token: tokens[index] as string })) };
}

function expectOk(answer: HttpAnswer): HttpAnswer {
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body.toString('utf8', 0, 300)}`);
  return answer;
}
