import t from 'tap';
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
