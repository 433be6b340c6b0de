/**
 * What the documentation uses of curl, for machines that have none: -sS, -X, -H, -d and a URL. Prints the body; like curl with
 * --fail-with-body it ends with 22 when the status is 400 or above, and with 2 for an option that it does not know.
 */
const headers = new Headers();
let [method, body, url]: (string | undefined)[] = [];
const words = process.argv.slice(2);
for (let word = words.shift(); word !== undefined; word = words.shift()) {
  if (word === '-X') method = words.shift();
  else if (word === '-d') body = words.shift();
  else if (word === '-H') headers.append(...((words.shift() ?? '').split(/: */, 2) as [string, string]));
  else if (/^https?:/.test(word)) url = word;
  else if (word !== '-sS') {
    console.error(`the stand-in for curl does not know ${word}`);
    process.exit(2);
  }
}
const response = await fetch(url ?? '', { method: method ?? (body === undefined ? 'GET' : 'POST'), headers, body });
process.stdout.write(await response.text());
if (response.status >= 400) process.exitCode = 22;
