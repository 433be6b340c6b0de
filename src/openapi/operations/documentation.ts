import type { OperationDocs } from '../operation-docs.ts';

export const documentation: Record<string, OperationDocs> = {
  getOpenApi: {
    summary: 'This description',
    description: 'The OpenAPI 3.1 document of this version of the service, for code generators and tests. For people it is at `/docs`.',
    tag: 'Documentation',
    answers: {
      200: {
        description: 'The document.',
        headers: ['Cacheable'],
        schema: {
          type: 'object',
          required: ['openapi', 'info', 'paths'],
          properties: { openapi: { type: 'string' }, info: { type: 'object' }, paths: { type: 'object' } },
          additionalProperties: true,
        },
        examples: {
          shortened: { summary: 'Shortened', value: { openapi: '3.1.0', info: { title: 'Triggers API', version: '1.0.0' }, paths: {} } },
        },
      },
    },
  },
  getErrorDocs: {
    summary: 'Every error and what to do',
    description:
      'A page for people: each error code with its status, whether a retry can help, and what to do. The `type` of a problem document links to its entry.',
    tag: 'Documentation',
    answers: {
      200: {
        description: 'The page.',
        headers: ['Cacheable'],
        mediaType: 'text/html; charset=utf-8',
        schema: { type: 'string' },
        examples: { shortened: { summary: 'Shortened', value: '<!doctype html><title>Errors of Triggers API</title>…' } },
      },
    },
  },
};
