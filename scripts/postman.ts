import { openApiText } from './openapi.ts';
import { bodyOf, headersOf, type Operation, queryOf, urlOf } from './postman-request.ts';

type Json = Record<string, unknown>;
type Document = {
  info: { title: string; version: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { parameters: Record<string, unknown> };
};

/** What an answer leaves for the requests after it, as Postman's scripts. */
const scripts: Record<string, string[]> = {
  postEvent: [`pm.collectionVariables.set('eventId', pm.response.json().event_id);`],
  postEventsBatch: [`pm.collectionVariables.set('otherEventId', pm.response.json().results[0].event_id);`],
  getInbox: [`const [event] = pm.response.json().events;`, `if (event) pm.collectionVariables.set('eventId', event.event_id);`],
  receiveEvents: [
    `const [event, other] = pm.response.json().events;`,
    `if (event) pm.collectionVariables.set('eventId', event.event_id);`,
    `if (event) pm.collectionVariables.set('leaseToken', event.lease_token);`,
    `if (other) pm.collectionVariables.set('otherEventId', other.event_id);`,
    `if (other) pm.collectionVariables.set('otherLeaseToken', other.lease_token);`,
  ],
  redriveDeadLetters: [`if (pm.response.code === 202) pm.collectionVariables.set('jobId', pm.response.json().job_id);`],
  replayEvents: [`if (pm.response.code === 202) pm.collectionVariables.set('jobId', pm.response.json().job_id);`],
};

/**
 * The text of openapi/postman.json: a collection in the format v2.1.0 (https://schema.getpostman.com) with a request for each operation of the
 * OpenAPI document, in folders by tag. The key is in the variable `apiKey` alone; what one answer gives, such as an event's id, later requests use.
 */
export async function postmanText(): Promise<string> {
  const document: Document = JSON.parse(await openApiText());
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation: resolved(operation, document),
    })),
  );
  const item = document.tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    // What destroys comes last, so that a folder can be run from its beginning.
    const inOrder = [...own.filter(({ method }) => method !== 'DELETE'), ...own.filter(({ method }) => method === 'DELETE')];
    return { name, description, item: inOrder.map(request) };
  });
  const collection = {
    info: {
      name: document.info.title,
      description:
        'Every request of the API. Set the variables `baseUrl` and `apiKey`; the others fill themselves: "Push an event", "Read the inbox" and "Lease events" note the events that the later requests are about.',
      version: document.info.version,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: { type: 'apikey', apikey: [pair('key', 'X-API-Key'), pair('value', '{{apiKey}}'), pair('in', 'header')] },
    variable: [
      { key: 'baseUrl', value: 'https://api.example.com', description: 'The address of the API, without a slash at the end.' },
      { key: 'apiKey', value: '', description: 'Your key, `sk_…`. Keep it in the current value: that one is not shared.' },
      ...['eventId', 'leaseToken', 'otherEventId', 'otherLeaseToken', 'jobId'].map((key) => ({ key, value: '' })),
    ],
    item,
  };
  return `${JSON.stringify(collection, null, 2)}\n`;
}

function request({ path, method, operation }: { path: string; method: string; operation: Operation }): Json {
  const script = scripts[operation.operationId];
  const content = operation.responses['200']?.content?.['application/json'];
  const answer = Object.values(content?.examples ?? {})[0];
  const body = bodyOf(operation);
  const isPublic = operation.security.length === 0;
  return {
    name: operation.summary,
    ...(script && { event: [{ listen: 'test', script: { type: 'text/javascript', exec: script } }] }),
    request: {
      ...(isPublic && { auth: { type: 'noauth' } }),
      method,
      header: headersOf(operation),
      url: urlOf(path, queryOf(operation)),
      ...(body !== undefined && { body: { mode: 'raw', raw: body, options: { raw: { language: 'json' } } } }),
      description: operation.description,
    },
    response: answer
      ? [{ name: answer.summary, status: 'OK', code: 200, _postman_previewlanguage: 'json', body: JSON.stringify(answer.value, null, 2) }]
      : [],
  };
}

/** The operation with its parameters in place of the references to them. */
function resolved(operation: Operation, { components }: Document): Operation {
  const parameters = operation.parameters.map((each) => {
    const name = (each as unknown as { $ref?: string }).$ref?.replace('#/components/parameters/', '');
    return name === undefined ? each : (components.parameters[name] as Operation['parameters'][number]);
  });
  return { ...operation, parameters };
}

function pair(key: string, value: string): Json {
  return { key, value, type: 'string' };
}
