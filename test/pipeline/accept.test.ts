import t from 'tap';
import { preferredType } from '../../src/pipeline/accept.ts';
import { startTestApp } from '../helper/app.ts';

const { request, addPartner } = await startTestApp(t);
const { key } = await addPartner();

for (const accept of ['application/json', '*/*', 'text/html, application/json;q=0.5', 'application/*', 'APPLICATION/JSON; charset=utf-8']) {
  t.test(`a request that accepts ${accept} is answered`, async (t) => {
    t.equal((await request('GET', '/v1/inbox', { key, headers: { accept } })).status, 200);
  });
}

for (const accept of ['text/html', 'application/xml', 'application/json;q=0', 'application/jsonp']) {
  t.test(`a request that accepts only ${accept} is answered 406, and a problem document says what to accept`, async (t) => {
    const answer = await request('GET', '/v1/inbox', { key, headers: { accept } });
    t.equal(answer.status, 406);
    t.match(answer.json, { code: 'not_acceptable', detail: /application\/json/ });
  });
}

t.test('a browser that asks for health is answered, whatever it accepts', async (t) => {
  t.equal((await request('GET', '/v1/health', { headers: { accept: 'text/html' } })).status, 200);
});

t.test('the preferred type has the highest weight, then the most precise name, then the first place', async (t) => {
  const cases: [accept: string, types: string[], preferred: string | undefined][] = [
    ['a/b', ['a/b', 'a/c'], 'a/b'],
    ['a/c, a/b', ['a/b', 'a/c'], 'a/c'],
    ['a/c;q=0.8, a/b;q=0.9', ['a/b', 'a/c'], 'a/b'],
    ['*/*, a/c', ['a/b', 'a/c'], 'a/c'],
    ['a/*;q=0.9, */*', ['a/b', 'c/d'], 'c/d'],
    ['a/b;q=0, a/*;q=0.1', ['a/b', 'a/c'], 'a/c'],
    ['*/*;q=1, a/b;q=0.2, a/c;q=0.3', ['a/b', 'a/c'], 'a/c'],
    ['A/B ; Q=0.5 ;v=1', ['a/b'], 'a/b'],
    ['*/*', ['a/b', 'a/c'], 'a/b'],
    ['x/y', ['a/b', 'a/c'], undefined],
    ['a/b;q=0', ['a/b'], undefined],
    ['a/b;q=never', ['a/b'], undefined],
    ['', ['a/b'], undefined],
    ['a/b', [], undefined],
  ];
  for (const [accept, types, preferred] of cases) t.equal(preferredType(accept, types), preferred, accept);
});
