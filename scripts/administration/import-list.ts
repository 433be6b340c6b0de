import type { Document, Node, YAMLMap } from 'yaml';
import { columnNames } from './import-columns.ts';
import { FileError, type ParsedFile, type RawRow, type RowError, remedyFor } from './import-file.ts';

/** The rows of a JSON array. JSON is YAML 1.2, whose parser knows the lines. @throws FileError */
export async function readJson(text: string): Promise<ParsedFile> {
  if (text.trim() === '') return { columns: new Map(), rows: [] };
  try {
    JSON.parse(text);
  } catch (error) {
    throw new FileError(undefined, `it is not JSON: ${(error as Error).message}`);
  }
  return readYaml(text, 'an array of objects');
}

/** The rows of a YAML list. @throws FileError */
export async function readYaml(text: string, expected = 'a list of rows, each "- slug: …"'): Promise<ParsedFile> {
  const { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const lineOf = (at: number) => lines.linePos(at).line;
  // This schema knows texts only, so a value is what was written: 0171 keeps its zero, +1555 its sign, and "no" is not false.
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines });
  const duplicates = document.errors.filter(({ code }) => code === 'DUPLICATE_KEY');
  const broken = document.errors.find((error) => !duplicates.includes(error));
  if (broken) throw new FileError(lineOf(broken.pos[0]), `it is not YAML: ${firstLine(broken.message)}`);
  const { contents } = document;
  if (contents === null) return { columns: new Map(), rows: [] };
  if (!isSeq<Node>(contents)) throw new FileError(undefined, `it must be ${expected}`);

  const columns: ParsedFile['columns'] = new Map();
  const rows = contents.items.map((item): RawRow => {
    const [start, end] = item.range ?? [0, 0];
    const line = lineOf(start);
    const map = follow(item, document);
    if (!isMap(map))
      return { line, cells: {}, errors: [{ column: null, message: 'The row must have names and values, such as slug: acme.' }] };
    const row = readMap(map, line);
    for (const { pos } of duplicates) {
      if (pos[0] >= start && pos[0] <= end) row.errors.push({ column: nameAt(map, pos[0]), message: 'It is there twice.' });
    }
    return row;
  });
  return { columns, rows };

  function readMap(map: YAMLMap, line: number): RawRow {
    const errors: RowError[] = [];
    const cells: [string, string][] = [];
    for (const { key, value } of map.items) {
      if (!isScalar(key)) {
        errors.push({ column: null, message: 'A name must be a text.' });
        continue;
      }
      const name = String(key.value).trim();
      if (!(columnNames as string[]).includes(name)) {
        errors.push({ column: name.slice(0, 60), message: `This name is not known; ${remedyFor(name)}` });
        continue;
      }
      if (!columns.has(name)) columns.set(name, lineOf(key.range?.[0] ?? 0));
      const text = readValue(value as Node);
      if (text === undefined) errors.push({ column: name, message: 'It must be a text, a number or a list of texts.' });
      else if (text !== '') cells.push([name, text]);
    }
    return { line, cells: Object.fromEntries(cells), errors };
  }

  /** A list is the same as its texts with commas between them. Nothing, when it is something else. */
  function readValue(value: Node): string | undefined {
    const node = follow(value, document);
    const isList = isSeq<Node>(node);
    const texts = (isList ? node.items.map((each) => follow(each, document)) : [node]).map((each) => {
      if (!isScalar(each)) return undefined;
      return each.type === 'PLAIN' && /^(|~|null|Null|NULL)$/.test(String(each.value)) ? '' : String(each.value);
    });
    return texts.includes(undefined) ? undefined : texts.join(',');
  }

  function follow(node: Node, document: Document): Node | undefined {
    return isAlias(node) ? node.resolve(document) : node;
  }

  function nameAt(map: YAMLMap, at: number): string | null {
    const key = map.items.map((pair) => pair.key).find((each) => isScalar(each) && each.range?.[0] === at);
    return isScalar(key) ? String(key.value) : null;
  }
}

function firstLine(message: string): string {
  return (message.split('\n')[0] as string).replace(/ at line \d+, column \d+:$/, '');
}
