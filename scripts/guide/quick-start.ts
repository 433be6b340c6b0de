/** The snippets of a page from `./scripts/start`, or from the heading "Quick start" on, to the first acknowledgement. @throws Error when there is none. */
export function quickStartOf(page: string): string[] {
  const from = /^```sh\n\.\/scripts\/start\n|^## Quick start$/m.exec(page)?.index ?? 0;
  const snippets = [...page.slice(from).matchAll(/^```sh\n([\s\S]*?)\n```$/gm)]
    .map((match) => match[1] as string)
    // The tests stand between the two commands of README.md, and are no part of it.
    .filter((snippet) => snippet !== './scripts/test');
  const last = snippets.findIndex((snippet) => snippet.includes('/acknowledge"'));
  if (last === -1) throw new Error('the quick start does not end with an acknowledgement');
  return snippets.slice(0, last + 1);
}

/** What somebody pastes or types: the lines of a snippet, those that go on with a backslash taken together. */
export function commandsOf(snippet: string): string[] {
  return snippet
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
}
