import t from 'tap';
import { startTestApp } from '../../helper/app.ts';

const app = await startTestApp(t);
const partner = await app.addPartner();
const get = (query: string) => app.request('GET', `/v1/inbox?${query}`, { key: partner.key });
const types = (count: number) => Array.from({ length: count }, (_, index) => `type.${index}`).join(',');

t.test('a parameter that the inbox does not know is 400 invalid_parameter and names it', async (t) => {
  for (const name of ['limt', 'Limit', 'offset', 'api_key', 'x%20y']) {
    const { json } = await get(`limit=5&${name}=1`);
    t.match(json, { status: 400, code: 'invalid_parameter', errors: [{ pointer: decodeURIComponent(name), code: 'unknown_field' }] }, name);
  }
});

const bad = {
  limit: ['0', '501', '-1', '1.5', 'ten', '', '1&limit=2', '9999999999999999999999', '0x10', '1e2', '%2B5', '%205'],
  wait: ['-1', '31', '0.5', 'soon', '', '1&wait=2'],
  include_leased: ['yes', '2', ''],
  event_type: [
    '',
    ',',
    'a,',
    ',a',
    'a,,b',
    '*',
    '.a',
    'a*',
    'a.*.b',
    '*.a',
    'a%20b',
    '%25',
    'a%00',
    'é',
    'a;b',
    'a'.repeat(256),
    `${'a'.repeat(255)}.*`,
    types(21),
    'a&event_type=b',
  ],
  cursor: [''],
};
for (const [name, values] of Object.entries(bad)) {
  t.test(`a bad value of ${name} is 400 invalid_parameter and names it`, async (t) => {
    for (const value of values) {
      const { json } = await get(`${name}=${value}`);
      t.match(json, { status: 400, code: 'invalid_parameter', errors: [{ pointer: name }] }, `${name}=${value.slice(0, 40)}`);
    }
  });
}

t.test('the bounds themselves are good', async (t) => {
  const good = [
    'limit=1',
    'limit=500',
    'wait=0',
    'include_leased=true',
    'include_leased=false',
    `event_type=${types(20)}`,
    `event_type=${'a'.repeat(255)}`,
  ];
  for (const query of [...good, `event_type=${'a'.repeat(253)}.*`]) t.equal((await get(query)).status, 200, query.slice(0, 40));
});

t.test('an error does not repeat the value', async (t) => {
  const answer = await get('limit=hidden-value');
  t.equal(answer.status, 400);
  t.notOk(answer.text.includes('hidden-value'));
});
