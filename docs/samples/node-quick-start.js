#!/usr/bin/env node
// The Triggers API in one run: check the key, send an event, send it again, retrieve it, acknowledge it.
//
//     API_URL=https://… API_KEY=sk_… node node-quick-start.js
//
// Node.js 20 or newer, no packages. Exit code: 0 done, 1 failed, 2 API_URL or API_KEY is missing or no such thing.

const apiUrl = (process.env.API_URL ?? '').replace(/\/+$/, '');
const apiKey = (process.env.API_KEY ?? '').trim();
const eventType = 'quick-start.order.created';
const attempts = 8;

/** An answer that sending the same again does not mend, such as 301, 400, 401 or 404. */
class Refused extends Error {}

/** Gives the JSON of the answer. A lost connection, 408, 429 and 5xx are tried again, later each time. */
async function call(method, path, { body, idempotencyKey } = {}) {
  const headers = { 'X-API-Key': apiKey };
  if (idempotencyKey) headers['Idempotency-Key'] = idempotencyKey; // the same in every attempt: the event is stored once
  if (body) headers['Content-Type'] = 'application/json';
  for (let attempt = 1; ; attempt += 1) {
    let failure;
    let leastSeconds = 0;
    try {
      const signal = AbortSignal.timeout(40_000);
      // A redirect is an answer like 404: to follow it would carry the key to wherever it leads.
      const options = { method, headers, signal, redirect: 'manual', body: body && JSON.stringify(body) };
      const response = await fetch(apiUrl + path, options);
      const answer = await response.text();
      // A degraded service names what is wrong, and serves requests.
      const degraded = path === '/v1/health' && response.status === 503 && answer.includes('"serving":true');
      if (response.ok || degraded) return parse(answer);
      failure = explain(response.status, answer);
      if (response.status < 500 && response.status !== 408 && response.status !== 429) throw new Refused(failure);
      leastSeconds = Number(response.headers.get('retry-after')) || 0;
    } catch (error) {
      if (error instanceof Refused) throw error;
      failure = `no answer from ${apiUrl}: ${error.cause?.message || error.cause?.code || error.message}`;
    }
    if (attempt === attempts) throw new Refused(`gave up after ${attempts} attempts: ${failure}`);
    // Retry-After is the least wait. The random part keeps many clients from coming back all at once.
    const seconds = leastSeconds + Math.random() * Math.min(30, 0.25 * 2 ** (attempt - 1));
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

function parse(answer) {
  try {
    return JSON.parse(answer);
  } catch {
    throw new Refused(`no answer of the Triggers API, but ${JSON.stringify(answer.slice(0, 200))}: check API_URL`);
  }
}

/** One line from a problem document; `code` is for programs, `request_id` for support. */
function explain(status, answer) {
  const hint = status === 401 ? '\nCheck API_KEY: complete, not expired, not replaced?' : '';
  try {
    const { code, detail, request_id: requestId } = JSON.parse(answer);
    return `${status} ${code}: ${detail} (request_id ${requestId})${hint}`;
  } catch {
    return `${status} ${answer.slice(0, 200)}${hint}`;
  }
}

async function main() {
  const health = await call('GET', '/v1/health');
  console.log(`key good, service ${health.status}`);

  const event = { event_type: eventType, payload: { order_id: '1001', amount: 99.99 } };
  const idempotencyKey = `quick-start-${crypto.randomUUID()}`; // from your own ids in earnest: order-1001-created
  const first = await call('POST', '/v1/events', { body: event, idempotencyKey });
  console.log(`sent ${first.event_id}`);

  const second = await call('POST', '/v1/events', { body: event, idempotencyKey });
  if (second.event_id !== first.event_id || !second.duplicate) throw new Refused('the same event was stored twice');
  console.log(`sent again ${second.event_id}: a duplicate, stored once`);

  const page = await call('GET', `/v1/inbox?limit=100&event_type=${eventType}`);
  const found = page.events.find((each) => each.event_id === first.event_id);
  if (!found) throw new Refused('the event is not in the inbox: does another program of yours empty it?');
  console.log(`retrieved ${found.event_id}: ${JSON.stringify(found.payload)}`);

  const done = await call('PATCH', `/v1/events/${found.event_id}/acknowledge`);
  console.log(`acknowledged ${done.event_id}`);
}

if (!/^https?:\/\//.test(apiUrl) || !/^\w+$/.test(apiKey)) {
  console.error('Set API_URL (https://…) and API_KEY (sk_…); both are in the welcome mail.');
  process.exitCode = 2;
} else {
  main().catch((error) => {
    console.error(error instanceof Refused ? error.message : error);
    process.exitCode = 1;
  });
}
