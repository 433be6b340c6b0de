import { preferredType } from '../../pipeline/accept.ts';
import { objectMembers, type Span } from '../../pipeline/json-spans.ts';
import { ownIdAttribute, readCloudEventMember, uuidCharacters } from '../../platform/event-json.ts';

export const cloudEventsBatchType = 'application/cloudevents-batch+json';

/** Whether a reader would rather have CloudEvents than our own JSON, by its Accept header. Who names no CloudEvents gets JSON. */
export function prefersCloudEvents(accept: string | undefined): boolean {
  if (accept === undefined || !/cloudevents/i.test(accept)) return false;
  return preferredType(accept, ['application/json', cloudEventsBatchType]) === cloudEventsBatchType;
}

const storedMembers = ['event_type', 'timestamp', 'metadata', 'trace_parent', 'cloudevent', 'payload'] as const;

/**
 * An event in the JSON format of CloudEvents 1.0, from what `storedEventSql` gave; `slug` is that of its partner. Data comes out as the bytes that came
 * in. An event that came as a CloudEvent has the attributes that it had; of any other the id is ours, and the source is its partner:
 * a relative reference, so that source and id name the same event under every name that the service ever has.
 */
export function cloudEventJson(stored: string, slug: string): string {
  // The stored text opens no brace: the walk begins behind the UUID as if one were its last character.
  const { spans } = objectMembers(stored, uuidCharacters - 1, storedMembers);
  const [type, time, metadata, trace, cloudEvent, payload] = spans.map((span) => textOf(stored, span));
  const id = `"evt_${stored.slice(0, uuidCharacters)}"`;
  if (cloudEvent !== '') {
    const { attributes, dataAt } = readCloudEventMember(cloudEvent as string);
    const ownTrace = trace === 'null' || hasMember(attributes, 'traceparent') ? '' : `"traceparent":${trace},`;
    // Data that is no object is the only member of its payload, under the name that it has in this format.
    const data = dataAt === '/payload' ? `"data":${payload}` : (payload as string).slice(1, -1);
    return `{${attributes},"type":${type},${ownTrace}"${ownIdAttribute}":${id}${data && ','}${data}}`;
  }
  const attributes = `"specversion":"1.0","id":${id},"source":"/partners/${slug}","type":${type},"time":${time}`;
  const more = `${trace === 'null' ? '' : `"traceparent":${trace},`}${metadata === 'null' ? '' : `"metadata":${asAttribute(metadata as string)},`}`;
  return `{${attributes},"datacontenttype":"application/json",${more}"${ownIdAttribute}":${id},"data":${payload}}`;
}

function textOf(text: string, span: Span | undefined): string {
  return span ? text.slice(span.start, span.end) : '';
}

function hasMember(members: string, name: string): boolean {
  return objectMembers(`{${members}}`, 0, [name]).spans[0] !== undefined;
}

/**
 * Metadata as an attribute: attributes have no type for a map, so it is a text that holds its JSON. Characters that a text of CloudEvents cannot
 * have are escaped in that JSON.
 */
function asAttribute(metadata: string): string {
  const json = JSON.stringify(JSON.parse(metadata));
  const escapeUnits = (character: string) =>
    Array.from({ length: character.length }, (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
  return JSON.stringify(json.replace(/[\p{Cc}\p{NChar}]/gu, escapeUnits));
}
