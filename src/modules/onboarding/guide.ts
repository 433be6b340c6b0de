import { readFile } from 'node:fs/promises';
import { DeliveryError } from '../../platform/delivery-error.ts';

const guideFile = new URL('../../../docs/getting-started.md', import.meta.url);

/** Where the guide says that the API is, until it is written for somebody. */
const exampleUrl = 'https://api.example.com';

export type GuideOptions = { publicUrl: string /** Of the guide. */; pageUrl: string; file?: URL };

/**
 * The partner's guide, to be read outside of this repository: with the address of this API, and with links that lead to the neighbours of its
 * page and to what the API answers. What is in the repository and nowhere else is named without a link.
 * @throws DeliveryError when this installation lacks the page.
 */
export async function readGuide({ publicUrl, pageUrl, file = guideFile }: GuideOptions): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new DeliveryError('permanent', `docs/getting-started.md cannot be read (${error.code}); it belongs beside src/`);
  });
  return text.replaceAll(exampleUrl, publicUrl).replace(/\[([^\]]+)\]\((?!https?:|#)([^)]+)\)/g, (_, label: string, target: string) => {
    if (target.startsWith('../')) return label;
    return `[${label}](${new URL(target.replace(/\.md(?=#|$)/, ''), target.startsWith('/') ? publicUrl : pageUrl)})`;
  });
}
