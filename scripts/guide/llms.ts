import { readFile } from 'node:fs/promises';
import { groups } from '../../docs/.vitepress/pages.ts';
import { firstSentenceOf } from './markdown.ts';

const docs = new URL('../../docs/', import.meta.url);

/** What is served beside the pages. */
const reference = [
  '- [OpenAPI document](/openapi.json): every request and answer with its schema, examples and error codes, as OpenAPI 3.1.',
  '- [Reference for people](/docs): the same document, to read and try.',
  '- [Postman collection](/guide/postman.json): every request, ready to send.',
];

/**
 * The text of `/llms.txt` (llmstxt.org): the guide's pages by title and first sentence, for readers that are language models. Links are relative to
 * the server that answers it.
 */
export async function llmsText(): Promise<string> {
  const sections = await Promise.all(
    groups.map(async ({ title, pages }) => `## ${title}\n\n${(await Promise.all(pages.map(({ file }) => entry(file)))).join('\n')}`),
  );
  return `# Triggers API

> Partners push events over HTTP; their other systems pick them up from an inbox and acknowledge them. An event that was answered 200 is on disk. It comes at least once until it is acknowledged, oldest first and byte for byte, and never after.

- \`POST /v1/events\` stores an event. Send an \`Idempotency-Key\`: the same request can then be repeated safely.
- \`GET /v1/inbox\` gives what is not acknowledged yet. \`wait=20\` waits for the first event.
- \`PATCH /v1/events/{id}/acknowledge\` takes an event out of the inbox.
- The key goes into the header \`X-API-Key\`. Errors are \`application/problem+json\`: decide by \`code\`, retry when \`retryable\` is true.

${sections.join('\n\n')}

## Reference

${reference.join('\n')}
`;
}

async function entry(file: string): Promise<string> {
  const page = await readFile(new URL(file, docs), 'utf8');
  const title = /^# (.+)$/m.exec(page)?.[1];
  if (!title) throw new Error(`docs/${file} has no title`);
  return `- [${title}](/guide/${file.replace(/\.md$/, '')}): ${firstSentenceOf(page)}`;
}
