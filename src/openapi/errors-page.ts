import { createHash } from 'node:crypto';
import { catalogue } from '../pipeline/errors/catalogue.ts';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; background: #fff; }
h2 { margin: 2rem 0 0; font-size: 1.1rem; }
h2 a { color: inherit; text-decoration: none; }
code { font-family: ui-monospace, monospace; }
p { margin: .25rem 0; }
.facts { color: #57606a; }
section:target { outline: 2px solid #0969da; outline-offset: .5rem; }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; } .facts { color: #8d96a0; } }
`;

/** The page runs no script and loads nothing; its one style sheet is allowed by its hash. */
export const errorsPagePolicy = [
  `default-src 'none'`,
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
].join('; ');

/** The page that `type` of a problem document leads to: a section for each code of the catalogue, whose id is the code. */
export function errorsPage(): string {
  const sections = Object.entries(catalogue).map(
    ([code, { status, title, advice, retryable }]) => `<section id="${escapeHtml(code)}">
<h2><a href="#${escapeHtml(code)}"><code>${escapeHtml(code)}</code></a></h2>
<p class="facts">Status ${status} · ${retryable ? 'the same request may succeed later' : 'change the request before sending it again'}</p>
<p>${marked(title)}.</p>
<p>${marked(advice)}</p>
</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Errors of Triggers API</title>
<style>${style}</style>
</head>
<body>
<h1>Errors</h1>
<p>Every refusal and failure is a problem document (<code>application/problem+json</code>). Its <code>code</code> is one of these.</p>
${sections.join('\n')}
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** The catalogue's texts, where backticks mark code. */
function marked(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}
