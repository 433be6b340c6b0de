import t from 'tap';
import { generateKey } from '../../../src/pipeline/auth/key-format.ts';
import { type Suspected, Suspicion } from '../../../src/pipeline/auth/suspicion.ts';
import { insertKey, startTestApp } from '../../helper/app.ts';
import { startAuthApp } from './auth-app.ts';

const minute = 60_000;

function watching(maxSubjects?: number) {
  const clock = { ms: 0 };
  const found: (Suspected & { pattern: string })[] = [];
  const suspicion = new Suspicion({
    elapsedMs: () => clock.ms,
    onPattern: (pattern, suspected) => found.push({ pattern, ...suspected }),
    ...(maxSubjects !== undefined && { maxSubjects }),
  });
  const key = (keyId: number) => ({ keyId, keyPrefix: `trg_test_p${keyId}` });
  return { clock, found, suspicion, key, patterns: () => found.map(({ pattern }) => pattern) };
}

t.test('many keys of one address: ten different ones in ten minutes, good or refused', (t) => {
  const { clock, found, suspicion, key } = watching();
  for (let id = 1; id <= 5; id++) suspicion.seen(key(id), '192.0.2.1');
  for (let id = 1; id <= 5; id++) suspicion.seen(key(id), '192.0.2.1');
  for (let id = 0; id < 4; id++) suspicion.failed('192.0.2.1', `digest${id}`);
  suspicion.failed('192.0.2.1', 'digest0');
  t.same(found, [], 'nine, some of them again');
  clock.ms = 10 * minute - 1;
  suspicion.failed('192.0.2.1', 'digest9');
  t.match(found, [{ pattern: 'many_keys_one_address', address: '192.0.2.1', seen: 10 }]);
  t.same(found[0]?.key_prefixes, ['trg_test_p1', 'trg_test_p2', 'trg_test_p3', 'trg_test_p4', 'trg_test_p5'], 'nothing of the refused');
  t.end();
});

t.test('what was seen more than ten minutes ago counts no more', (t) => {
  const { clock, suspicion, key, patterns } = watching();
  for (let id = 1; id <= 9; id++) suspicion.seen(key(id), '192.0.2.1');
  clock.ms = 10 * minute;
  suspicion.seen(key(10), '192.0.2.1');
  t.same(patterns(), []);
  for (let id = 11; id <= 19; id++) suspicion.seen(key(id), '192.0.2.1');
  t.same(patterns(), ['many_keys_one_address'], 'and the window slides: it has no edge to hide behind');
  t.end();
});

t.test('one key of many addresses: ten in ten minutes', (t) => {
  const { found, suspicion, key } = watching();
  for (let host = 1; host <= 9; host++) suspicion.seen(key(1), `192.0.2.${host}`);
  for (let host = 1; host <= 9; host++) suspicion.seen(key(1), `192.0.2.${host}`);
  t.same(found, []);
  suspicion.seen(key(1), '192.0.2.10');
  const addresses = Array.from({ length: 10 }, (_, index) => `192.0.2.${index + 1}`);
  t.same(found, [{ pattern: 'one_key_many_addresses', key_prefix: 'trg_test_p1', addresses, seen: 10 }]);
  t.end();
});

t.test('an IPv6 client with a /64 of its own is one address, and an IPv4 one may be written as IPv6', (t) => {
  const { suspicion, key, patterns } = watching();
  for (let host = 1; host <= 50; host++) suspicion.seen(key(1), `2001:db8:1:2::${host.toString(16)}`);
  for (let host = 1; host <= 9; host++) {
    suspicion.seen(key(2), `192.0.2.${host}`);
    suspicion.seen(key(2), `::ffff:192.0.2.${host}`);
  }
  t.same(patterns(), []);
  for (let net = 1; net <= 9; net++) suspicion.seen(key(1), `2001:db8:1:${net}0::1`);
  t.same(patterns(), ['one_key_many_addresses']);
  t.end();
});

t.test('a find names the request that completed it, and its trace', (t) => {
  const { found, suspicion, key } = watching();
  for (let id = 1; id <= 10; id++) suspicion.seen(key(id), '192.0.2.1', { id: `req_${id}`, trace: { traceId: `trace ${id}` } });
  for (let index = 1; index <= 30; index++) suspicion.failed('192.0.2.2', undefined, { id: `req_${index}` });
  t.match(found, [{ request_id: 'req_10', trace_id: 'trace 10' }, { request_id: 'req_30' }]);
  t.notOk('trace_id' in (found[1] as object), 'without tracing there is none');
  t.end();
});

t.test('a burst of 401: thirty failures of one address within a minute', (t) => {
  const { clock, found, suspicion, patterns } = watching();
  for (let index = 0; index < 29; index++) suspicion.failed('192.0.2.1', undefined);
  for (let index = 0; index < 29; index++) suspicion.failed('192.0.2.2', undefined);
  clock.ms = minute;
  suspicion.failed('192.0.2.1', undefined);
  t.same(patterns(), [], 'the thirtieth came a minute after the first');
  clock.ms = minute - 1;
  suspicion.failed('192.0.2.2', undefined);
  t.same(found, [{ pattern: 'burst_401', address: '192.0.2.2', seen: 30 }]);
  t.end();
});

t.test('a subject is told once a window, and again when it goes on', (t) => {
  const { clock, suspicion, key, patterns } = watching();
  const attack = () => {
    for (let id = 1; id <= 40; id++) suspicion.failed('192.0.2.1', `digest${id}`);
    for (let host = 1; host <= 40; host++) suspicion.seen(key(1), `198.51.100.${host}`);
  };
  attack();
  attack();
  t.same(patterns().sort(), ['burst_401', 'many_keys_one_address', 'one_key_many_addresses']);
  clock.ms = minute;
  attack();
  t.equal(patterns().length, 4, 'a minute later another burst, and nothing else');
  clock.ms = 10 * minute;
  attack();
  t.equal(patterns().length, 7);
  t.end();
});

t.test(
  'a key that comes from where it came from last is known for half a minute without a closer look, and its window still goes on',
  (t) => {
    const { clock, suspicion, key, patterns } = watching();
    for (; clock.ms < 9 * minute; clock.ms += 1_000) suspicion.seen(key(1), '192.0.2.1');
    for (let id = 2; id <= 10; id++) {
      clock.ms += minute - 1;
      suspicion.seen(key(1), '192.0.2.1');
      suspicion.seen(key(id), '192.0.2.1');
    }
    t.same(patterns(), ['many_keys_one_address'], 'the first key counts although it was first seen long ago');
    t.end();
  },
);

t.test('what is remembered has a bound, however many come', (t) => {
  const { suspicion, key, patterns } = watching(100);
  for (let id = 1; id <= 9; id++) suspicion.seen(key(id), '192.0.2.1');
  for (let host = 0; host < 100; host++) suspicion.failed(`198.51.100.${host}`, 'digest');
  suspicion.seen(key(10), '192.0.2.1');
  t.same(patterns(), [], 'the address was pushed out by a hundred others');
  t.end();
});

t.test('keys that the server refuses are suspicious, too, and so are keys that it lets in', async (t) => {
  const found: string[] = [];
  const app = await startAuthApp(t, { onPattern: (pattern) => found.push(pattern) });
  for (let index = 0; index < 29; index++) await app.send('/read');
  t.same(found, [], 'without a key no key is tried');
  await app.send('/read');
  t.same(found, ['burst_401']);
  for (let index = 0; index < 9; index++) await app.send('/read', { 'x-api-key': generateKey('test', 'nobody') });
  t.same(found, ['burst_401']);
  await app.send('/read', { 'x-api-key': 'not a key at all' });
  t.same(found, ['burst_401', 'many_keys_one_address']);
});

t.test('a key that may not be used from where it comes is seen all the same', async (t) => {
  const app = await startTestApp(t, { TRUST_PROXY_HOPS: 1 });
  const { key, id } = await app.addPartner();
  await app.db.query(`UPDATE api_keys SET allowed_cidrs = '{203.0.113.0/24}' WHERE partner_id = $1`, [id]);
  for (let host = 1; host <= 10; host++) {
    const { status } = await app.request('GET', '/v1/account', { key, headers: { 'x-forwarded-for': `192.0.2.${host}` } });
    t.equal(status, 403);
  }
  t.match(await app.app.metrics.registry.metrics(), /^suspicious_patterns_total\{pattern="one_key_many_addresses",.*\} 1$/m);
});

t.test('each pattern is counted, and its log line names no key', async (t) => {
  const app = await startTestApp(t);
  const { id, slug } = await app.addPartner();
  t.match(
    await app.app.metrics.registry.metrics(),
    /^suspicious_patterns_total\{pattern="burst_401",.*\} 0$/m,
    'from the start, for the first to be a rise',
  );
  let last: string | null = null;
  for (let index = 0; index < 10; index++) {
    const key = await insertKey(app.db, id, slug);
    const { status, headers } = await app.request('GET', '/v1/account', { key });
    t.equal(status, 200);
    last = headers.get('x-request-id');
    t.notOk(app.logs.some((line) => line.includes(key)));
  }
  t.match(await app.app.metrics.registry.metrics(), /^suspicious_patterns_total\{pattern="many_keys_one_address",.*\} 1$/m);
  const lines = app.logs.map((line) => JSON.parse(line)).filter(({ pattern }) => pattern);
  t.match(lines, [{ level: 40, pattern: 'many_keys_one_address', address: '127.0.0.1', seen: 10, request_id: last }]);
  t.equal(lines[0].key_prefixes.length, 10);
});
