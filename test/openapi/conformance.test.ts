import t, { type Test } from 'tap';
import { type Answer, type RequestOptions, startTestApp, type TestApp } from '../helper/app.ts';
import { until } from '../helper/until.ts';
import { Contract, type Operation } from './contract.ts';
import { leased, rejected, stored, type ValidRequest, validRequests } from './valid-requests.ts';

const main = await startTestApp(t);
const { app, db, addPartner } = main;
const contract = new Contract(app.openApi());
const operations = new Map(contract.operations.map((each) => [each.operation.operationId as string, each]));
const withKey = [...operations.keys()].filter((id) => operationOf(id).operation.security.some((each: object) => 'ApiKeyAuth' in each));
const needingKey = withKey.filter((id) => !id.startsWith('getHealth'));
const seen = new Set<string>();

t.test('every operation answers 200 as documented', async (t) => {
  const { key } = await addPartner();
  for (const id of operations.keys()) await expect(t, id, 200, undefined, await ask(main, id, key));
});

t.test('every example of a request is accepted', async (t) => {
  for (const id of operations.keys()) {
    const { path, method, operation } = operationOf(id);
    const content = operation.requestBody?.content['application/json'];
    for (const { value } of Object.values<{ value: unknown }>(content?.examples ?? {})) {
      const { key } = await addPartner();
      // What is only known at run time: ids of events that are there, and the tokens of their leases.
      const needsLeases = JSON.stringify(value).includes('"lease_token"');
      const events = needsLeases ? [await leased(main, key), await leased(main, key)] : [{ id: await stored(main, key), token: '' }];
      const body = id === 'acknowledgeEvents' ? { event_ids: [events[0]?.id] } : withEvents(value, events);
      const answer = await main.request(method, path.replace('{id}', events[0]?.id as string), { key, body });
      await expect(t, id, 200, undefined, answer);
    }
  }
});

t.test('every example of a CloudEvent is accepted in its mode, and the page that holds it is as documented', async (t) => {
  const { key } = await addPartner();
  const attributes = { 'ce-specversion': '1.0', 'ce-id': 'a', 'ce-source': '/a', 'ce-type': 'a.b' };
  for (const id of ['postEvent', 'postEventsBatch']) {
    const { path, method, operation } = operationOf(id);
    const content = Object.entries<{ examples: object }>(operation.requestBody.content).filter(([type]) => type !== 'application/json');
    for (const [type, { examples }] of content) {
      const headers = type === '*/*' ? { 'content-type': 'application/xml', ...attributes } : { 'content-type': type };
      for (const { value } of Object.values<{ value: unknown }>(examples as never))
        await expect(t, id, 200, undefined, await main.request(method, path, { key, body: value, headers }));
    }
  }
  const accept = { accept: 'application/cloudevents-batch+json' };
  const page = await main.request('GET', '/v1/inbox?limit=2', { key, headers: accept });
  t.equal(page.json.length, 2);
  await expect(t, 'getInbox', 200, undefined, page);
  await expect(t, 'getInbox', 200, undefined, await main.request('GET', '/v1/inbox', { key, headers: accept }));
  await expect(t, 'getInbox', 200, undefined, await main.request('GET', '/v1/inbox', { key }));
});

t.test('the answers to a repetition and to a partly good batch are as documented', async (t) => {
  const { key } = await addPartner();
  const once = { key, headers: { 'idempotency-key': '"one"' }, body: { event_type: 'a.b', payload: {} } };
  await expect(t, 'postEvent', 200, undefined, await main.request('POST', '/v1/events', once));
  const again = await main.request('POST', '/v1/events', once);
  await expect(t, 'postEvent', 200, undefined, again);
  t.equal(again.headers.get('idempotent-replayed'), 'true');
  await expect(
    t,
    'postEvent',
    422,
    'idempotency_key_reused',
    await main.request('POST', '/v1/events', { ...once, body: { event_type: 'b.c', payload: {} } }),
  );

  const batch = {
    key,
    body: [{ event_type: 'a.b', payload: {}, idempotency_key: 'one' }, { event_type: 'b.c', payload: {}, idempotency_key: 'one' }, 7],
  };
  await expect(t, 'postEventsBatch', 207, undefined, await main.request('POST', '/v1/events/batch', batch));
  const ids = { event_ids: [await stored(main, key), 'evt_unknown'] };
  await expect(t, 'acknowledgeEvents', 207, undefined, await main.request('POST', '/v1/events/acknowledge', { key, body: ids }));
  const { id, token } = await leased(main, key);
  const settlements = { release: [{ event_id: id, lease_token: token }], acknowledge: [{ event_id: 'evt_unknown' }] };
  await expect(t, 'settleEvents', 207, undefined, await main.request('POST', '/v1/inbox/settle', { key, body: settlements }));
});

t.test('pages, acknowledged events and empty inboxes are as documented', async (t) => {
  const { key } = await addPartner();
  const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const body = { event_type: 'a.b', payload: { deep: [1] }, metadata: { source: 'shop' } };
  const posted = await main.request('POST', '/v1/events', { key, body, headers: { traceparent: trace } });
  const other = await stored(main, key);
  const page = await main.request('GET', '/v1/inbox?limit=1', { key });
  await expect(t, 'getInbox', 200, undefined, page);
  await expect(t, 'getInbox', 200, undefined, await main.request('GET', `/v1/inbox?cursor=${page.json.next_cursor}`, { key }));
  for (const _ of ['now', 'before']) {
    await expect(
      t,
      'acknowledgeEvent',
      200,
      undefined,
      await main.request('PATCH', `/v1/events/${posted.json.event_id}/acknowledge`, { key }),
    );
  }
  await expect(t, 'getEvent', 200, undefined, await main.request('GET', `/v1/events/${posted.json.event_id}`, { key }));
  const ids = { event_ids: [posted.json.event_id, other] };
  await expect(t, 'acknowledgeEvents', 200, undefined, await main.request('POST', '/v1/events/acknowledge', { key, body: ids }));
  await expect(t, 'getInbox', 200, undefined, await main.request('GET', '/v1/inbox', { key }));
  await expect(t, 'getHealth', 200, undefined, await main.request('GET', '/v1/health', { key }));
});

t.test('redrives and replays of many are jobs, one at a time, as documented', async (t) => {
  const { key } = await addPartner();
  const filter = { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z', status: 'any' };
  for (const id of ['redriveDeadLetters', 'replayEvents']) {
    const ask = async (more: object) => {
      const event_ids = [await rejected(main, key), await rejected(main, key)];
      const what = id === 'replayEvents' ? { filter } : { event_ids };
      return main.request('POST', operationOf(id).path, { key, body: { ...what, max_per_second: 1, ...more } });
    };
    await expect(t, id, 200, undefined, await ask({ dry_run: true }));
    const started = await ask({});
    await expect(t, id, 202, undefined, started);
    const refused = await ask({});
    await expect(t, id, 409, 'job_in_progress', refused);
    t.equal(refused.json.job_id, started.json.job_id);
    await db.query('DELETE FROM bulk_jobs');
  }
});

t.test('no key, a key without the scope and a suspended partner are refused as documented', async (t) => {
  const plain = await addPartner();
  const powerless = await addPartner({ scopes: [] });
  const suspended = await addPartner();
  await db.query(`UPDATE partners SET status = 'suspended' WHERE id = $1`, [suspended.id]);
  for (const id of needingKey) {
    const valid = await requestOf(main, id, plain.key);
    await expect(t, id, 401, 'unauthenticated', await send(main, valid, { key: undefined }));
    await expect(t, id, 403, 'forbidden', await send(main, valid, { key: powerless.key }));
  }
  for (const id of withKey) {
    const valid = await requestOf(main, id, plain.key);
    await expect(t, id, 403, 'partner_suspended', await send(main, valid, { key: suspended.key }));
    await expect(t, id, 401, 'unauthenticated', await send(main, valid, { key: 'wrong' }));
  }
});

t.test('a request that accepts no JSON is refused as documented', async (t) => {
  const { key } = await addPartner();
  for (const id of needingKey) {
    const valid = await requestOf(main, id, key);
    await expect(t, id, 406, 'not_acceptable', await send(main, valid, { key, headers: { accept: 'text/html' } }));
  }
});

t.test('another method is refused as documented, and names those that are taken', async (t) => {
  const { key } = await addPartner();
  for (const id of operations.keys()) {
    const valid = await requestOf(main, id, key);
    const answer = await main.request('PUT', valid.path, { key });
    await expect(t, id, 405, 'method_not_allowed', answer);
    t.ok(answer.headers.get('allow')?.split(', ').includes(valid.method), id);
  }
});

t.test('a body that is no JSON, too deep, too large or of another type is refused as documented', async (t) => {
  const { key } = await addPartner();
  for (const [id, { operation }] of operations) {
    if (!operation.requestBody) continue;
    const valid = await requestOf(main, id, key);
    const tooLarge = id === 'postEventsBatch' ? 'batch_too_large' : 'payload_too_large';
    await expect(t, id, 400, 'invalid_json', await send(main, valid, { key, body: '{"a"' }));
    await expect(t, id, 400, 'json_too_deep', await send(main, valid, { key, body: '['.repeat(1001) + ']'.repeat(1001) }));
    await expect(t, id, 400, 'validation_failed', await send(main, valid, { key, body: '7' }));
    await expect(t, id, 413, tooLarge, await send(main, valid, { key, body: `"${'x'.repeat(4 * 1024 * 1024)}"` }));
    await expect(
      t,
      id,
      415,
      'unsupported_media_type',
      await send(main, valid, { key, body: 'a=1', headers: { 'content-type': 'text/csv' } }),
    );
  }
});

t.test('the refusals that an operation has for itself are as documented', async (t) => {
  const { key } = await addPartner();
  const event = { event_type: 'a.b', payload: {} };
  const id = await stored(main, key);
  const unknown = 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a';
  const expunged = await stored(main, key);
  await main.request('DELETE', `/v1/events/${expunged}/payload`, { key });
  const cases: [operation: string, status: number, code: string, request: Partial<ValidRequest>][] = [
    ['postEvent', 400, 'idempotency_key_invalid', { headers: { 'idempotency-key': 'x'.repeat(256) } }],
    ['postEvent', 400, 'idempotency_key_mismatch', { headers: { 'idempotency-key': 'a' }, body: { ...event, idempotency_key: 'b' } }],
    [
      'postEvent',
      400,
      'unsupported_specversion',
      { body: { specversion: '0.3' }, headers: { 'content-type': 'application/cloudevents+json' } },
    ],
    ['postEventsBatch', 400, 'empty_batch', { body: [] }],
    ['postEventsBatch', 400, 'batch_too_many', { body: Array.from({ length: 501 }, () => event) }],
    ['postEventsBatch', 400, 'idempotency_key_invalid', { headers: { 'idempotency-key': 'x'.repeat(252) } }],
    ['getInbox', 400, 'invalid_parameter', { path: '/v1/inbox?limit=501' }],
    ['getInbox', 400, 'invalid_cursor', { path: '/v1/inbox?cursor=abc' }],
    ['acknowledgeEvent', 404, 'event_not_found', { path: `/v1/events/${unknown}/acknowledge` }],
    ['acknowledgeEvent', 400, 'unknown_field', { body: { delaySeconds: 3 } }],
    ['acknowledgeEvents', 400, 'empty_batch', { body: { event_ids: [] } }],
    ['acknowledgeEvents', 400, 'batch_too_many', { body: { event_ids: Array.from({ length: 501 }, (_, n) => `evt_${n}`) } }],
    ['acknowledgeEvents', 400, 'duplicate_event_in_request', { body: { event_ids: [id, id] } }],
    ['acknowledgeEvents', 400, 'unknown_field', { body: { event_ids: [id], all: true } }],
    ['receiveEvents', 400, 'unknown_field', { body: { maxEvents: 3 } }],
    ['receiveEvents', 400, 'validation_failed', { body: { max_events: 501 } }],
    ['releaseEvent', 404, 'event_not_found', { path: `/v1/events/${unknown}/release` }],
    ['releaseEvent', 409, 'event_not_leased', { path: `/v1/events/${id}/release` }],
    ['releaseEvent', 409, 'lease_lost', { body: { lease_token: 'another' } }],
    ['releaseEvent', 400, 'unknown_field', { body: { lease_token: 'a', delaySeconds: 3 } }],
    ['rejectEvent', 404, 'event_not_found', { path: `/v1/events/${unknown}/reject` }],
    ['rejectEvent', 409, 'lease_lost', { body: { lease_token: 'another' } }],
    ['rejectEvent', 400, 'unknown_field', { body: { why: 'x' } }],
    ['extendLease', 404, 'event_not_found', { path: `/v1/events/${unknown}/extend` }],
    ['extendLease', 409, 'event_not_leased', { path: `/v1/events/${id}/extend` }],
    ['extendLease', 409, 'lease_lost', { body: { lease_token: 'another', lease_seconds: 60 } }],
    ['extendLease', 400, 'unknown_field', { body: { lease_token: 'a', lease_seconds: 60, seconds: 3 } }],
    ['acknowledgeEvent', 409, 'lease_lost', { body: { lease_token: 'another' } }],
    ['settleEvents', 400, 'empty_batch', { body: {} }],
    ['settleEvents', 400, 'batch_too_many', { body: { acknowledge: Array.from({ length: 501 }, (_, n) => ({ event_id: `evt_${n}` })) } }],
    ['settleEvents', 400, 'duplicate_event_in_request', { body: { acknowledge: [{ event_id: id }], reject: [{ event_id: id }] } }],
    ['settleEvents', 400, 'unknown_field', { body: { ack: [] } }],
    ['getEvent', 404, 'event_not_found', { path: `/v1/events/${unknown}` }],
    ['getDeadLetters', 400, 'invalid_parameter', { path: '/v1/dead-letters?reason=boredom' }],
    ['getDeadLetters', 400, 'invalid_cursor', { path: '/v1/dead-letters?cursor=abc' }],
    ['getDeadLetter', 404, 'event_not_found', { path: `/v1/dead-letters/${id}` }],
    ['deleteDeadLetter', 404, 'event_not_found', { path: `/v1/dead-letters/${id}` }],
    ['redriveDeadLetter', 404, 'event_not_found', { path: `/v1/dead-letters/${unknown}/redrive` }],
    ['redriveDeadLetter', 409, 'payload_expunged', { path: `/v1/dead-letters/${expunged}/redrive` }],
    ['redriveDeadLetter', 400, 'unknown_field', { body: { delay: 3 } }],
    ['redriveDeadLetters', 400, 'empty_batch', { body: { event_ids: [] } }],
    ['redriveDeadLetters', 400, 'batch_too_many', { body: { event_ids: Array.from({ length: 501 }, (_, n) => `evt_${n}`) } }],
    ['redriveDeadLetters', 400, 'duplicate_event_in_request', { body: { event_ids: [id, id] } }],
    ['redriveDeadLetters', 400, 'unknown_field', { body: { filter: { types: [] } } }],
    ['redriveDeadLetters', 400, 'validation_failed', { body: {} }],
    ['replayEvent', 404, 'event_not_found', { path: `/v1/events/${unknown}/replay` }],
    ['replayEvent', 409, 'payload_expunged', { path: `/v1/events/${expunged}/replay` }],
    ['replayEvent', 400, 'unknown_field', { body: { delay: 3 } }],
    ['replayEvents', 400, 'unknown_field', { body: { filter: {}, dryRun: true } }],
    ['replayEvents', 400, 'validation_failed', { body: { filter: {} } }],
    ['getJob', 404, 'job_not_found', { path: `/v1/jobs/${unknown.replace('evt', 'job')}` }],
    ['expungePayload', 404, 'event_not_found', { path: `/v1/events/${unknown}/payload` }],
    ['listEvents', 400, 'invalid_parameter', { path: '/v1/events?status=lost' }],
    ['listEvents', 400, 'invalid_cursor', { path: '/v1/events?cursor=abc' }],
    ['rotateKey', 400, 'unknown_field', { body: { grace: 0 } }],
    ['rotateKey', 400, 'validation_failed', { body: { grace_seconds: 1 } }],
    ['patchAccount', 400, 'unknown_field', { body: { retention_days: 3 } }],
    ['patchAccount', 400, 'validation_failed', { body: { retention_hours: 0 } }],
  ];
  for (const [operation, status, code, request] of cases) {
    const answer = await send(main, await requestOf(main, operation, key), { key, ...request });
    await expect(t, operation, status, code, answer);
  }
});

t.test('exceeded limits are answered as documented', async (t) => {
  for (const id of needingKey) {
    const valid = await requestOf(main, id, (await addPartner()).key);
    const { key } = await addPartner({ rate: 1, burst: 1 });
    const refused = await until('more than one a second', async () => {
      const answers = await Promise.all([1, 2, 3].map(() => send(main, valid, { key })));
      return answers.find(({ status }) => status === 429);
    });
    await expect(t, id, 429, 'rate_limited', refused);
  }
  for (const id of ['postEvent', 'postEventsBatch']) {
    const { key } = await addPartner({ monthlyQuota: 0 });
    await expect(t, id, 429, 'quota_exceeded', await ask(main, id, key));
  }
});

t.test('an eleventh long poll is refused as documented, and one that found nothing is answered as any other', async (t) => {
  const { key } = await addPartner();
  const polls = Array.from({ length: 10 }, () => main.request('GET', '/v1/inbox?wait=30', { key }));
  const eleventh = await until('a poll too many', async () => {
    const answer = await main.request('GET', '/v1/inbox?wait=1', { key });
    return answer.status === 429 ? answer : undefined;
  });
  await expect(t, 'getInbox', 429, 'too_many_waits', eleventh);
  await stored(main, key);
  for (const answer of await Promise.all(polls)) await expect(t, 'getInbox', 200, undefined, answer);
});

t.test('an address that keeps failing to authenticate is refused as documented', async (t) => {
  const strict = await startTestApp(t, { AUTH_FAILURES_PER_MINUTE: 1, databaseUrl: main.databaseUrl });
  for (const id of withKey) {
    const valid = await requestOf(main, id, (await addPartner()).key);
    for (const key of ['wrong', 'wrong']) await send(strict, valid, { key });
    await expect(t, id, 429, 'rate_limited', await send(strict, valid, { key: 'wrong' }));
  }
});

t.test('a failure on our side is answered as documented', async (t) => {
  const prepared: { id: string; valid: ValidRequest; unseen: string }[] = [];
  for (const id of needingKey)
    prepared.push({ id, valid: await requestOf(main, id, (await addPartner()).key), unseen: (await addPartner()).key });
  await db.query('ALTER TABLE partners RENAME TO partners_renamed');
  for (const { id, valid, unseen } of prepared) await expect(t, id, 500, 'internal', await send(main, valid, { key: unseen }));
  await db.query('ALTER TABLE partners_renamed RENAME TO partners');
});

t.test('without its database the service answers 503 as documented', async (t) => {
  const { key } = await addPartner();
  const prepared: { id: string; valid: ValidRequest }[] = [];
  for (const id of operations.keys()) prepared.push({ id, valid: await requestOf(main, id, key) });
  const { key: unseen } = await addPartner();
  await db.query('UPDATE pg_database SET datallowconn = false WHERE datname = current_database()');
  await db.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()');
  for (const { id, valid } of prepared) {
    if (needingKey.includes(id)) await expect(t, id, 503, 'unavailable', await send(main, valid, { key: unseen }));
    else if (operationOf(id).operation.responses[503]) {
      // What health has seen a moment ago serves for half a second.
      const answer = await until(`${id} notices`, async () => unless200(await send(main, valid, {})));
      await expect(t, id, 503, undefined, answer);
    }
  }
});

t.test('every status of the document was seen in a real answer', async (t) => {
  for (const [id, { operation }] of operations) {
    for (const status of Object.keys(operation.responses)) t.ok(seen.has(`${id} ${status}`), `${id} ${status}`);
  }
});

/** An example whose items name these events, each with the token of its lease. */
function withEvents(example: unknown, events: { id: string; token: string }[]): unknown {
  const next = { event_id: events.map(({ id }) => id), lease_token: events.map(({ token }) => token) };
  return JSON.parse(JSON.stringify(example), (name, value) =>
    name === 'event_id' || name === 'lease_token' ? (next[name].shift() ?? value) : value,
  );
}

function operationOf(id: string): Operation {
  const operation = operations.get(id);
  if (!operation) throw new Error(`${id} is not documented`);
  return operation;
}

async function requestOf(testApp: TestApp, id: string, key: string): Promise<ValidRequest> {
  const make = validRequests[id];
  if (!make) throw new Error(`${id} has no valid request in valid-requests.ts`);
  return make(testApp, key);
}

async function ask(testApp: TestApp, id: string, key: string): Promise<Answer> {
  return send(testApp, await requestOf(testApp, id, key), { key });
}

function send(testApp: TestApp, { method, path, ...valid }: ValidRequest, other: Partial<ValidRequest> & RequestOptions): Promise<Answer> {
  return testApp.request(other.method ?? method, other.path ?? path, { ...valid, ...other });
}

function unless200(answer: Answer): Answer | undefined {
  return answer.status === 200 ? undefined : answer;
}

async function expect(t: Test, id: string, status: number, code: string | undefined, answer: Answer): Promise<void> {
  t.equal(answer.status, status, `${id}: ${answer.text.slice(0, 300)}`);
  if (code) t.equal(answer.json?.code, code, `${id}: ${answer.text.slice(0, 300)}`);
  t.same(contract.violations(operationOf(id), answer), [], `${id} ${status} ${code ?? ''}`);
  seen.add(`${id} ${answer.status}`);
}
