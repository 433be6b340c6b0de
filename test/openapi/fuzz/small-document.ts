import type { OpenApiDocument } from '../../../src/openapi/document.ts';

/** What a server can do wrong, and the words by which the fuzz must name it. */
export const faults = {
  'a server error': 'not a server error',
  'a hanging connection': 'there was no answer: none within',
  'an undocumented status': 'status 201 is not documented',
  'a wrong content type': 'content type text/plain is not documented',
  'a missing header': 'the header X-Request-Id is missing',
  'a wrong header': 'X-Count:',
  'an undocumented header': 'the header x-debug is not documented',
  'an undocumented member': 'must NOT have additional properties',
  'a wrong body': '/name must be string',
  'an extra member accepted': 'negative data refused',
  'a bound not kept': 'negative data refused',
  'a valid value refused': 'positive data accepted',
  'an ignored missing key': 'with the key none',
  'an ignored wrong key': 'with the key garbage',
  'an ignored scope': 'with the key scopeless',
  '404 for a wrong method': 'unsupported method: answered 404',
  'an incomplete Allow': 'unsupported method: Allow names',
  'a stranger told': 'is told from an unknown one',
  'use after free': 'use after free',
  'another problem after deletion': 'code gone is not documented',
  'a stack told': 'nothing internal told',
  'a wrong status in a problem': 'a problem says its own status and id',
} as const;

export type Fault = keyof typeof faults;

const text = (more = {}) => ({ type: 'string', ...more });
const requestId = { 'X-Request-Id': { required: true, schema: text() } };
const more: Record<number, object> = {
  401: { 'WWW-Authenticate': { required: true, schema: text() } },
  405: { Allow: { required: true, schema: text() } },
};

function problems(codes: Record<number, string[]>): Record<string, unknown> {
  const schema = {
    type: 'object',
    properties: { code: text(), status: { type: 'integer' }, request_id: text(), detail: text() },
    required: ['code', 'status', 'request_id'],
  };
  return Object.fromEntries(
    Object.entries(codes).map(([status, list]) => [
      status,
      {
        headers: { ...requestId, ...more[Number(status)] },
        content: { 'application/problem+json': { schema, examples: Object.fromEntries(list.map((code) => [code, {}])) } },
      },
    ]),
  );
}

const thing = { type: 'object', properties: { thing_id: text(), name: text() }, required: ['thing_id', 'name'] };
const found = {
  headers: { ...requestId, 'X-Count': { required: true, schema: { type: 'integer', minimum: 0 } } },
  content: { 'application/json': { schema: thing, examples: {} } },
};
const security = [{ Key: ['things'] }];
const always = { 401: ['unauthenticated'], 403: ['forbidden'], 405: ['method_not_allowed'], 406: ['not_acceptable'] };
const byId = {
  security,
  parameters: [{ name: 'thing_id', in: 'path', required: true, schema: text() }],
  responses: { 200: found, ...problems({ ...always, 404: ['thing_not_found', 'not_yours'] }) },
};

/** Three operations on things that partners own. */
export const smallDocument = {
  openapi: '3.1.0',
  paths: {
    '/v1/things': {
      post: {
        operationId: 'postThing',
        security,
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: { name: text({ minLength: 1, maxLength: 40 }), count: { type: 'integer', minimum: 1, maximum: 9 } },
                required: ['name'],
                additionalProperties: false,
              },
            },
          },
        },
        responses: { 200: found, ...problems({ ...always, 400: ['invalid_json', 'validation_failed'], 415: ['unsupported_media_type'] }) },
      },
    },
    '/v1/things/{thing_id}': { get: { operationId: 'getThing', ...byId }, delete: { operationId: 'deleteThing', ...byId } },
  },
  components: {},
} as unknown as OpenApiDocument;
