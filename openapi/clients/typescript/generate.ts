import { readFile } from 'node:fs/promises';
import openapiTypescript, { astToString, type OpenAPI3 } from 'openapi-typescript';

// biome-ignore lint/suspicious/noExplicitAny: a part of an OpenAPI document has every shape.
type Node = any;

const document = new URL('../../openapi.json', import.meta.url);

/** What the client speaks: CloudEvents and pages for people are left out. */
const json = 'application/json';

/** A member with a default may be left out of a request. */
const options = { defaultNonNullable: false };

const head = '// Generated from openapi/openapi.json by `npm run generate`. Do not edit.\n\n';

/** The text of `src/openapi.ts`: the types of the API as far as the client speaks it. */
export async function clientTypes(): Promise<string> {
  const whole = JSON.parse(await readFile(document, 'utf8'));
  return head + astToString(await openapiTypescript(reduced(whole) as OpenAPI3, options));
}

/**
 * The document without what would only make the types longer: media types but JSON, the headers of answers, and the list of the errors, for each of
 * which the whole problem document would be repeated. The client's errors have types of their own.
 */
function reduced(whole: Node): Node {
  const paths = Object.entries(whole.paths as Node).flatMap(([path, methods]) => {
    const kept = Object.entries(methods as Node).flatMap(([method, operation]) => {
      const slim = reducedOperation(operation);
      return slim === undefined ? [] : [[method, slim]];
    });
    return kept.length === 0 ? [] : [[path, Object.fromEntries(kept)]];
  });
  return { ...whole, paths: Object.fromEntries(paths), components: { ...whole.components, headers: undefined, examples: undefined } };
}

/** Undefined: it gives no JSON. */
function reducedOperation(operation: Node): Node | undefined {
  const responses = Object.entries(operation.responses as Node).flatMap(([status, response]: [string, Node]) => {
    const content = response.content?.[json];
    return content === undefined ? [] : [[status, { description: response.description, content: { [json]: { schema: content.schema } } }]];
  });
  if (responses.length === 0) return undefined;
  const { requestBody } = operation;
  return {
    ...operation,
    ...(requestBody && { requestBody: { ...requestBody, content: { [json]: { schema: requestBody.content[json].schema } } } }),
    responses: Object.fromEntries([
      ...responses,
      [
        'default',
        {
          description: 'An error.',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      ],
    ]),
  };
}
