import type { Test } from 'tap';
import type { Answer } from '../../helper/app.ts';

const members = ['code', 'detail', 'instance', 'request_id', 'retryable', 'status', 'title', 'type'];
/** Words that only come from the inside: a stack, a driver, a parser, SQL. */
const inside = /node_modules|\.ts:\d|at \w+ \(|SQLSTATE|INSERT INTO|SELECT |relation "|Unexpected token|FST_ERR|ajv|pg_|ECONN|undefined/;

/** Asserts that an answer is a complete problem document of this status and code, and says nothing of our inside. */
export function isProblem(
  t: Test,
  answer: Pick<Answer, 'status' | 'headers' | 'text' | 'json'>,
  status: number,
  code: string,
  name = code,
): void {
  const { json, headers } = answer;
  t.equal(answer.status, status, `${name}: ${answer.text.slice(0, 300)}`);
  t.match(json, {
    status,
    code,
    request_id: headers.get('x-request-id'),
    title: String,
    detail: String,
    instance: /^\/v1\//,
    retryable: Boolean,
  });
  t.same(
    members.filter((member) => !(member in json)),
    [],
    'every member is there',
  );
  t.match(json.type, /#/);
  t.equal(headers.get('content-type'), 'application/problem+json');
  t.notMatch(answer.text, inside);
}
