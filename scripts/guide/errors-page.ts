import { STATUS_CODES } from 'node:http';
import { type CatalogueEntry, catalogue } from '../../src/pipeline/errors/catalogue.ts';
import { slugOf } from './markdown.ts';

type Entry = [code: string, entry: CatalogueEntry];

/**
 * The text of docs/errors.md: a section for each code of the catalogue. A section's heading is the code and nothing else, so that its anchor is
 * the code too: `type` of every problem document ends with it.
 *
 * @param troubleshooting the page whose entries are linked from the codes that they name in their headings.
 */
export function errorsPageText(troubleshooting: string): string {
  const byStatus = Object.groupBy(Object.entries(catalogue) as Entry[], ([, { status }]) => status);
  const groups = Object.entries(byStatus).map(
    ([status, entries = []]) =>
      `## ${status} ${STATUS_CODES[status]}\n\n${entries.map((entry) => section(entry, troubleshooting)).join('\n')}`,
  );
  return `${head}\n${table()}\n\n${groups.join('\n')}`;
}

const head = `<!-- Made from src/pipeline/errors/catalogue.ts by \`npm run generate\`: change it there. -->
# Errors

Every refusal and failure is a problem document (RFC 9457) with the content type \`application/problem+json\`:

\`\`\`json
{
  "type": "/guide/errors#validation_failed",
  "title": "The body does not have the documented shape",
  "status": 400,
  "detail": "/payload is required",
  "instance": "/v1/events",
  "code": "validation_failed",
  "request_id": "req_5f2b9c01d4e8a736_4k",
  "retryable": false,
  "errors": [{ "pointer": "/payload", "code": "required", "detail": "is required" }]
}
\`\`\`

- \`code\` is for your program, and one of those below. New ones may come: treat a code that you do not know by its status.
- \`detail\` and \`errors\` are for you: what was wrong with this request. Do not parse \`detail\`.
- \`type\` is the address of the code's section here. The four codes of 429 share a type that IANA has registered; \`violated-policies\` names the limit.
- \`retryable\` says whether the same request may succeed later. Retry those, and a request that got no answer, with growing and randomised pauses, at least \`Retry-After\` seconds,
  and with the same \`Idempotency-Key\`. Do not retry the others: change the request.
- \`request_id\` is for us: name it when you ask.

One item of a batch that fails has the same \`code\`, \`detail\` and \`retryable\` in its own place in \`results\`; the answer is then 207.
What you see and how to get out of it, case by case: [troubleshooting](troubleshooting.md).
`;

function table(): string {
  const rows = (Object.entries(catalogue) as Entry[]).map(
    ([code, { status, title, retryable }]) => `| [\`${code}\`](#${code}) | ${status} | ${retryable ? 'yes' : 'no'} | ${title} |`,
  );
  return ['| code | status | retry | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function section([code, { status, title, advice, retryable }]: Entry, troubleshooting: string): string {
  const cases = [...troubleshooting.matchAll(/^#{2,3} (.+)$/gm)]
    .map((match) => match[1] as string)
    .filter((each) => each.includes(`\`${code}\``));
  const links = cases.map((heading) => `[${heading}](troubleshooting.md#${slugOf(heading)})`);
  return `### ${code}

**${status}**, ${retryable ? 'the same request may succeed later' : 'not to be repeated as it is'}. ${title}.

**What to do**: ${advice}
${links.length > 0 ? `\nSeen in practice: ${links.join(', ')}.\n` : ''}`;
}
