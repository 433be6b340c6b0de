import mermaid from 'mermaid';
import type { Diagram } from '../diagram-source.ts';

/** Room around a diagram, in pixels. */
const margin = 16;
const ink = '#1f2328';
const line = '#57606a';

/**
 * A card of its own colour, so that it can be read on a light page and on a dark one. The typeface is one whose widths are the same wherever it
 * is replaced (Liberation Sans, Arimo, Arial, Helvetica): the text fits its boxes on another machine, too.
 */
mermaid.initialize({
  startOnLoad: false,
  theme: 'base',
  look: 'classic',
  htmlLabels: false,
  deterministicIds: true,
  fontFamily: 'Helvetica, Arial, "Liberation Sans", sans-serif',
  // Else the line shows through the words on it.
  themeCSS: '.edgeLabel rect, .edgeLabel .label rect { opacity: 1; fill: #ffffff; }',
  flowchart: { useMaxWidth: false, htmlLabels: false },
  sequence: { useMaxWidth: false, mirrorActors: false },
  state: { useMaxWidth: false },
  themeVariables: {
    fontSize: '15px',
    background: '#ffffff',
    primaryColor: '#ddf4ff',
    primaryBorderColor: '#0969da',
    primaryTextColor: ink,
    secondaryColor: '#f6f8fa',
    tertiaryColor: '#f6f8fa',
    lineColor: line,
    textColor: ink,
    noteBkgColor: '#fff8c5',
    noteBorderColor: '#bf8700',
    noteTextColor: ink,
    edgeLabelBackground: '#ffffff',
    actorLineColor: line,
    labelBoxBkgColor: '#ffffff',
    transitionColor: line,
    transitionLabelColor: ink,
    stateLabelColor: ink,
  },
});

/** The picture of a diagram: an SVG without references to anything outside, with its title, its description and the hash of its source. */
async function drawDiagram({ file, title, description, source, hash }: Diagram): Promise<string> {
  const id = file.replace(/\W/g, '-');
  const { svg: text } = await mermaid.render(id, source);
  const svg = document.body.appendChild(document.importNode(new DOMParser().parseFromString(text, 'image/svg+xml').documentElement, true));
  centreStates(svg);
  const [x = 0, y = 0, width = 0, height = 0] = (svg.getAttribute('viewBox') ?? '').split(' ').map(Number);
  const box = { x: x - margin, y: y - margin, width: Math.ceil(width + 2 * margin), height: Math.ceil(height + 2 * margin) };
  svg.removeAttribute('style');
  set(svg, { viewBox: `${box.x} ${box.y} ${box.width} ${box.height}`, width: box.width, height: box.height, role: 'img' });
  set(svg, { 'aria-labelledby': `${id}-title`, 'aria-describedby': `${id}-description`, 'data-source-sha256': hash });
  const card = set(element(svg, 'rect'), { ...box, rx: 12, fill: '#ffffff', stroke: '#d0d7de' });
  svg.prepend(named(svg, 'title', `${id}-title`, title), named(svg, 'desc', `${id}-description`, description), card);
  return `${new XMLSerializer().serializeToString(svg)}\n`;
}

/** Without HTML in its labels, Mermaid writes the names of states from the left edge of a box that was made for something wider. */
function centreStates(svg: Element): void {
  for (const label of svg.querySelectorAll<SVGGraphicsElement>('.statediagram-state > .label')) {
    const { x, width } = label.getBBox();
    const height = /,\s*([-\d.]+)\)/.exec(label.getAttribute('transform') ?? '')?.[1] ?? '0';
    label.setAttribute('transform', `translate(${-x - width / 2}, ${height})`);
  }
}

const element = (svg: Element, name: string) => svg.ownerDocument.createElementNS('http://www.w3.org/2000/svg', name);

function named(svg: Element, name: string, id: string, words: string): Element {
  const made = set(element(svg, name), { id });
  made.textContent = words;
  return made;
}

function set(target: Element, attributes: Record<string, string | number>): Element {
  for (const [name, value] of Object.entries(attributes)) target.setAttribute(name, String(value));
  return target;
}

Object.assign(window, { drawDiagram });
