const unreserved = 'A-Za-z0-9._~-';
const delimiters = "!$&'()*+,;=";
const encoded = '%[0-9A-Fa-f]{2}';
const some = (characters: string) => `(?:[${characters}${unreserved}]|${encoded})*`;

const scheme = '[A-Za-z][A-Za-z0-9+.-]*:';
// Without a scheme the first segment of the path must not look as if it had one.
const noScheme = '(?![^/?#]*:)';
const authority = `(?://${some(`${delimiters}:@[\\]`)}(?=[/?#]|$))?`;
const rest = `${authority}${some(`${delimiters}:@/`)}(?:\\?${some(`${delimiters}:@/?`)})?(?:#${some(`${delimiters}:@/?`)})?$`;

const uriReference = new RegExp(`^(?:${scheme}|${noScheme})${rest}`);
const uri = new RegExp(`^${scheme}${rest}`);

/** Whether a text is a URI-reference of RFC 3986: a URI, or what is resolved against one. The empty text is one. */
export function isUriReference(text: string): boolean {
  return uriReference.test(text);
}

/** Whether a text is a URI of RFC 3986, with a scheme; it may have a fragment. */
export function isUri(text: string): boolean {
  return uri.test(text);
}
