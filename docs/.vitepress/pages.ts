/**
 * What of docs/ partners get to read: these pages, in the order of the menu, and no others. Whatever is not named here is not part of the site,
 * and a link from one of these pages to it fails the build.
 */
export type Page = { file: string; title: string };
export type Group = { title: string; pages: Page[] };

export const groups: Group[] = [
  {
    title: 'Start',
    pages: [
      { file: 'getting-started.md', title: 'Getting started' },
      { file: 'patterns.md', title: 'Patterns' },
      { file: 'architecture.md', title: 'How it works' },
    ],
  },
  {
    title: 'In depth',
    pages: [
      { file: 'command-line.md', title: 'The command line' },
      { file: 'leases.md', title: 'Several workers, one inbox' },
      { file: 'dead-letters.md', title: 'Dead letters and replay' },
      { file: 'looking-up.md', title: 'Looking events up' },
      { file: 'cloud-events.md', title: 'CloudEvents' },
      { file: 'secret-scanning.md', title: 'Finding leaked keys' },
    ],
  },
  {
    title: 'When something is wrong',
    pages: [
      { file: 'troubleshooting.md', title: 'Troubleshooting' },
      { file: 'errors.md', title: 'Errors' },
      { file: 'faq.md', title: 'Questions and answers' },
    ],
  },
];

/** Pages outside of the menu's groups. */
export const otherPages = ['index.md', 'changelog.md'];

/** Files that are published as they are: their place in the repository, and their place below /guide/. */
export const files: Record<string, string> = {
  'openapi/postman.json': 'postman.json',
  'docs/samples/python-quick-start.py': 'samples/python-quick-start.py',
  'docs/samples/node-quick-start.js': 'samples/node-quick-start.js',
  'docs/samples/quick-start.sh': 'samples/quick-start.sh',
  'docs/secret-scanning/gitleaks.toml': 'secret-scanning/gitleaks.toml',
};

/** Files of the repository that a page of the site shows. */
export const shownBy: Record<string, string> = { 'CHANGELOG.md': 'changelog.md' };

/** What the API's server answers beside the guide; links to these leave the site. */
export const serverPaths = ['/docs', '/docs/errors', '/openapi.json', '/llms.txt'];
