import type { TSchema } from '@sinclair/typebox';
import type { Components } from './components.ts';
import { pathParameters } from './headers.ts';
import type { Json } from './json-schema.ts';
import type { OperationDocs } from './operation-docs.ts';
import { responsesOf } from './responses.ts';
import type { DocumentedRoute } from './route.ts';

/** The Operation Object of a route. @throws Error when something of the route is not described. */
export function operationObject(route: DocumentedRoute, docs: OperationDocs, components: Components): Json {
  const { operation, access } = route.config;
  const operationId = docs.otherPaths?.[route.url] ?? operation;
  const needs = access === 'public' ? '' : `\n\nNeeds a key with the scope \`${access}\`.`;
  return {
    operationId,
    summary: docs.summary,
    description: docs.description + needs,
    tags: [docs.tag],
    security: security(access, docs),
    parameters: [
      ...inPath(route.url),
      ...inQuery(route, components),
      ...(docs.headers ?? []).map((key) => components.requestHeader(key)),
      components.requestHeader('RequestId'),
    ],
    ...requestBody(route, docs, components),
    responses: responsesOf(route, docs, components),
  };
}

/** In 3.1 a requirement of a key may name the scope that it needs. */
function security(access: string, { optionalKey }: OperationDocs): Json[] {
  const scopes = access === 'public' ? [] : [access];
  const withKey = [{ ApiKeyAuth: scopes }, { BearerAuth: scopes }];
  if (access !== 'public') return withKey;
  return optionalKey ? [{}, ...withKey] : [];
}

function inPath(url: string): Json[] {
  return [...url.matchAll(/:(\w+)/g)].map(([, name]) => {
    const parameter = pathParameters[name as string];
    if (!parameter) throw new Error(`the parameter ${name} of ${url} is not described`);
    return parameter;
  });
}

function inQuery({ schema, config }: DocumentedRoute, components: Components): Json[] {
  const { properties = {}, required = [] } = (schema.querystring ?? {}) as { properties?: Record<string, TSchema>; required?: string[] };
  return Object.entries(properties).map(([name, property]) => {
    const { description, examples, ...rest } = property;
    if (!description) throw new Error(`the parameter ${name} of ${config.operation} is not described`);
    const example = (examples as unknown[] | undefined)?.[0] ?? property.default;
    return {
      name,
      in: 'query',
      // What has a default may be left out.
      required: required.includes(name) && property.default === undefined,
      description,
      schema: components.schema(rest as TSchema),
      ...(example !== undefined && { example }),
    };
  });
}

function requestBody({ schema, config }: DocumentedRoute, { body }: OperationDocs, components: Components): Json {
  if (!schema.body !== !body) throw new Error(`${config.operation}: only one of the route and its description has a body`);
  if (!body) return {};
  const { description, required = true, examples, otherContent = {} } = body;
  const content: Json = { 'application/json': { schema: components.schema(body.schema ?? (schema.body as TSchema)), examples } };
  for (const [mediaType, other] of Object.entries(otherContent)) content[mediaType] = { ...other, schema: components.schema(other.schema) };
  return { requestBody: { description, required, content } };
}
