import t from 'tap';
import { isUri, isUriReference } from '../../../src/modules/ingestion/uri.ts';

/** Of RFC 3986 chapters 1.1.2 and 5.4, and of the CloudEvents specification. */
const uris = [
  'ftp://ftp.is.co.za/rfc/rfc1808.txt',
  'http://www.ietf.org/rfc/rfc2396.txt',
  'ldap://[2001:db8::7]/c=GB?objectClass?one',
  'mailto:John.Doe@example.com',
  'news:comp.infosystems.www.servers.unix',
  'tel:+1-816-555-1212',
  'telnet://192.0.2.16:80/',
  'urn:oasis:names:specification:docbook:dtd:xml:4.1.2',
  'https://github.com/cloudevents',
  'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66',
  'https://example.com/a%20b?c=d&e=/f?#g/h?',
  'file:///etc/hosts',
  'x:',
  'http://',
];
const relative = [
  'g',
  './g',
  'g/',
  '/g',
  '//g',
  '?y',
  'g?y',
  '#s',
  'g;x=1/../y',
  '..',
  '/cloudevents/spec/pull/123',
  '1-555-123-4567',
  './a:b',
  '',
];
const neither = [
  'a b',
  '/ü',
  '1:2',
  'a_b:c',
  ':a',
  '/%',
  '/%2',
  '/%gg',
  'a#b#c',
  '/[',
  '//a[/b c',
  '<a>',
  '"a"',
  'a\\b',
  'a^b',
  '{a}',
  'a|b',
  '`',
  '\n',
];

t.test('URIs are URIs, and references too', async (t) => {
  for (const text of uris) t.same([isUri(text), isUriReference(text)], [true, true], text);
});

t.test('relative references are references only', async (t) => {
  for (const text of relative) t.same([isUri(text), isUriReference(text)], [false, true], text);
});

t.test('anything else is neither', async (t) => {
  for (const text of neither) t.same([isUri(text), isUriReference(text)], [false, false], text);
});
