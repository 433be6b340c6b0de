export type Parameter = { name: string; in: string; required?: boolean; description: string; example?: unknown };
type Examples = Record<string, { summary: string; value: unknown }>;

/** What of an Operation Object of OpenAPI becomes a request of Postman's. */
export type Operation = {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: object[];
  parameters: Parameter[];
  requestBody?: { content: Record<string, { examples?: Examples }> };
  responses: Record<string, { content?: Record<string, { examples?: Examples }> }>;
};

type Field = { key: string; value: string; description: string; disabled?: boolean };

/** Every path parameter, as the variable that an earlier answer fills. */
const variables: Record<string, string> = { id: '{{eventId}}', job_id: '{{jobId}}' };

/** Every query parameter, switched off but for those that must be there. */
export function queryOf({ parameters }: Operation): Field[] {
  return parameters.filter((each) => each.in === 'query').map((each) => field(each, each.example, !each.required));
}

/**
 * The content type, a fresh idempotency key, and `traceparent` switched off. The attributes of CloudEvents belong to another kind of body, and a
 * request's name is made by the server when none is sent.
 */
export function headersOf({ parameters, requestBody }: Operation): Field[] {
  const own = parameters.filter((each) => each.in === 'header' && !/^(ce-|x-request-id$)/i.test(each.name));
  return [
    ...(requestBody ? [{ key: 'Content-Type', value: 'application/json', description: 'The body is JSON.' }] : []),
    ...own.map((each) =>
      each.name.toLowerCase() === 'idempotency-key' ? field(each, '{{$guid}}', false) : field(each, each.example, true),
    ),
  ];
}

/** Postman's form of an address: `:id` in the path, with its value beside it. */
export function urlOf(path: string, query: Field[]): Record<string, unknown> {
  const segments = path
    .slice(1)
    .split('/')
    .map((each) => each.replace(/^\{(\w+)\}$/, ':$1'));
  const names = segments.filter((each) => each.startsWith(':')).map((each) => each.slice(1));
  const shown = query.filter(({ disabled }) => !disabled).map(({ key, value }) => `${key}=${value}`);
  return {
    raw: `{{baseUrl}}/${segments.join('/')}${shown.length > 0 ? `?${shown.join('&')}` : ''}`,
    host: ['{{baseUrl}}'],
    path: segments,
    ...(query.length > 0 && { query }),
    ...(names.length > 0 && { variable: names.map((key) => ({ key, value: variables[key] ?? '' })) }),
  };
}

/**
 * The first example as it is sent: the ids and tokens of the documentation become those that earlier answers gave. Of two events, the first is
 * the one of the batch, so that the other goes on through the folders. The header's idempotency key is the only one.
 */
export function bodyOf({ requestBody }: Operation): string | undefined {
  const example = Object.values(requestBody?.content['application/json']?.examples ?? {})[0];
  if (!example) return undefined;
  const text = JSON.stringify(example.value, (name, value) => (name === 'idempotency_key' ? undefined : value), 2);
  const ids = [...new Set(text.match(/evt_[0-9a-f-]{36}/g))];
  const tokens = [...new Set([...text.matchAll(/"lease_token": "([^"]+)"/g)].map((match) => match[1] as string))];
  const named = (names: string[], position: number, count: number) => (count > 1 ? names[position] : names[1]) as string;
  let filled = text.replace(/"receive_id": "[^"]+"/, '"receive_id": "{{$guid}}"');
  for (const [position, id] of ids.entries())
    filled = filled.replaceAll(id, named(['{{otherEventId}}', '{{eventId}}'], position, ids.length));
  for (const [position, token] of tokens.entries())
    filled = filled.replaceAll(token, named(['{{otherLeaseToken}}', '{{leaseToken}}'], position, tokens.length));
  return filled;
}

function field({ name, description }: Parameter, example: unknown, disabled: boolean): Field {
  return { key: name, value: example === undefined ? '' : `${example}`, description, ...(disabled && { disabled }) };
}
