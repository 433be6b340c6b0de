import { text } from 'node:stream/consumers';

/**
 * Makes an SVG of what a terminal shows: reads the output of a command, with its colours, from stdin, and writes the picture to stdout. The arguments are
 * the command as it is to stand at the prompt. `script` (util-linux) gives a command a terminal:
 *
 *   script -qec './scripts/admin partners list' /dev/null | node scripts/terminal-picture.ts ./scripts/admin partners list > docs/pictures/list.svg
 */
const size = { character: 8.43, line: 19, padding: 16, font: 14 };
const colours: Record<number, string> = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
  90: '#8b949e',
};

const command = process.argv.slice(2).join(' ');
// A bar draws itself over and over: of such a line what stands in the end is shown.
const shown = (await text(process.stdin))
  .replaceAll('\r', '')
  .trimEnd()
  .split('\n')
  .map(withoutRedrawn)
  .filter((line) => plain(line).trim() !== '◇');
const lines = [`\u001b[32m$\u001b[0m \u001b[1m${command}\u001b[0m`, ...shown];
const columns = Math.max(...lines.map((line) => [...plain(line)].length));
const width = Math.ceil(columns * size.character + 2 * size.padding);
const height = lines.length * size.line + 2 * size.padding;

console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(command)}</title>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${size.font}" fill="#e6edf3">
${lines.map((line, index) => `<text x="${size.padding}" y="${size.padding + (index + 0.75) * size.line}">${spans(line)}</text>`).join('\n')}
</g>
</svg>`);

/** The runs of a line, each with its place, so that columns stand under each other in whatever font the reader has. */
function spans(line: string): string {
  let style = '';
  let column = 0;
  return line
    .split(/(\p{Cc}\[[\d;]*m)/u)
    .map((part) => {
      const codes = /^\p{Cc}\[([\d;]*)m$/u.exec(part)?.[1];
      if (codes === undefined) {
        const run = plain(part);
        if (run === '') return '';
        const x = size.padding + column * size.character;
        column += [...run].length;
        return `<tspan x="${x.toFixed(1)}" textLength="${([...run].length * size.character).toFixed(1)}"${style}>${escaped(run)}</tspan>`;
      }
      for (const code of codes.split(';').map(Number)) {
        if (code === 1) style += ' font-weight="bold"';
        else if (code === 2) style += ' opacity="0.7"';
        else if (colours[code]) style += ` fill="${colours[code]}"`;
        else style = '';
      }
      return '';
    })
    .join('');
}

/** What is left of a line after the cursor was last moved back in it. */
function withoutRedrawn(line: string): string {
  return line.replace(/^.*\p{Cc}\[\d*[A-HJK]/u, '');
}

/** Without what moves the cursor or sets a style. */
function plain(line: string): string {
  return line.replace(/\p{Cc}\[[\d;?]*[A-Za-z]/gu, '');
}

function escaped(run: string): string {
  return run.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0');
}
