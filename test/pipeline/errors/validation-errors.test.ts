import { Type } from '@sinclair/typebox';
import Fastify from 'fastify';
import t from 'tap';
import { registerErrorHandler } from '../../../src/pipeline/errors/handler.ts';
import { registerValidation } from '../../../src/pipeline/validation.ts';

const app = Fastify();
t.teardown(() => app.close());
registerErrorHandler(app, { publicUrl: '' });
registerValidation(app);
const Body = Type.Object(
  {
    name: Type.String({ minLength: 2 }),
    at: Type.Optional(Type.String({ format: 'date-time' })),
    tags: Type.Optional(Type.Array(Type.Object({ 'a/b': Type.Integer() }))),
  },
  { additionalProperties: false },
);
app.post(
  '/',
  { schema: { body: Body, querystring: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })) }) } },
  async (request) => ({
    body: request.body,
    query: request.query,
  }),
);

const post = async (body: unknown, query = '') => {
  const answer = await app.inject({
    method: 'POST',
    url: `/${query}`,
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(body),
  });
  return { status: answer.statusCode, json: answer.json(), text: answer.body };
};

t.test('errors name the member by a JSON pointer, a code and a sentence, and never repeat the value', async (t) => {
  const cases: [unknown, string, string, string][] = [
    [{}, 'validation_failed', '/name', 'required'],
    [{ name: 7 }, 'validation_failed', '/name', 'type'],
    [{ name: 'x' }, 'validation_failed', '/name', 'minLength'],
    [{ name: 'secret', at: 'secret' }, 'validation_failed', '/at', 'format'],
    [{ name: 'secret', tags: [{ 'a/b': 1 }, { 'a/b': 'secret' }] }, 'validation_failed', '/tags/1/a~1b', 'type'],
    [{ name: 'secret', nmae: 1 }, 'unknown_field', '/nmae', 'unknown_field'],
    [[], 'validation_failed', '', 'type'],
    [null, 'validation_failed', '', 'type'],
    ['secret', 'validation_failed', '', 'type'],
  ];
  for (const [body, code, pointer, fieldCode] of cases) {
    const { status, json, text } = await post(body);
    t.equal(status, 400);
    t.match(json, { code, errors: [{ pointer, code: fieldCode, detail: String }] }, JSON.stringify(body));
    t.ok(json.detail.includes(json.errors[0].detail));
    t.notMatch(text, /secret/);
  }
});

t.test('a parameter is named without a pointer, and is converted to its type', async (t) => {
  const { status, json } = await post({ name: 'ab' }, '?limit=501');
  t.equal(status, 400);
  t.match(json, { code: 'invalid_parameter', errors: [{ pointer: 'limit', code: 'maximum' }] });
  t.same((await post({ name: 'ab' }, '?limit=7')).json.query, { limit: 7 });
});

t.test('a body is taken as it is: nothing is converted to fit', async (t) => {
  for (const body of [{ name: 12 }, { name: true }, { name: ['ab'] }, { name: 'ab', tags: [{ 'a/b': '1' }] }])
    t.equal((await post(body)).status, 400);
});
