import { createReadStream } from 'node:fs';
import path from 'node:path';
import { columnNames } from './import-columns.ts';
import { AdminError, cannotRead, exitCodes, fileName } from './outcome.ts';

/** What is wrong with one cell, or with the whole row when `column` is null; a sentence that says what to do. */
export type RowError = { column: string | null; message: string };

/** A row as the file has it: texts under known columns. Cells without text are not there. */
export type RawRow = {
  /** On which it begins; the first line is 1. */
  line: number;
  cells: { [column: string]: string };
  errors: RowError[];
};

/**
 * `columns` are those of all rows, each with the line on which it is first. A format in which each row has its own names gives the known ones; what else
 * a row has is an error of that row.
 */
export type ParsedFile = { columns: Map<string, number>; rows: RawRow[] };

export const fileFormats = ['csv', 'json', 'yaml'] as const;
export type FileFormat = (typeof fileFormats)[number];

/** Concerns the whole file; nothing of it is used. */
export class FileError extends AdminError {
  constructor(line: number | undefined, message: string) {
    super(exitCodes.usage, line === undefined ? message : `line ${line}: ${message}`);
  }
}

export const mostRows = 10_000;
const mostBytes = 10 * 1024 * 1024;
const extensions: { [extension: string]: FileFormat } = { '.csv': 'csv', '.json': 'json', '.yaml': 'yaml', '.yml': 'yaml' };

/**
 * The rows of a CSV file, a JSON array or a YAML list; `-` is the standard input. The format is that of the file's name unless it is given.
 * @throws AdminError for a file that cannot be read or used as a whole: the message names file, line and remedy.
 */
export async function readImportFile(file: string, format = extensions[path.extname(file).toLowerCase()]): Promise<RawRow[]> {
  const name = fileName(file);
  if (!format) throw new AdminError(exitCodes.usage, `what is ${name}? Say --format csv, json or yaml`);
  try {
    return await parseRows(await readText(file), format);
  } catch (error) {
    if (error instanceof AdminError) throw new AdminError(error.exitCode, `${name}: ${error.message}`);
    if (error instanceof Error && 'syscall' in error) throw cannotRead(file, error);
    throw error;
  }
}

/** @throws FileError when the text as a whole cannot be used: its syntax, a column that is not known, no row, too many. */
export async function parseRows(text: string, format: FileFormat): Promise<RawRow[]> {
  const { columns, rows } = await parse(text.replace(/^\ufeff/, ''), format);
  if (columns.size === 0 && rows.length === 0) throw new FileError(undefined, 'it has no rows');
  checkColumns(columns);
  if (rows.length === 0) throw new FileError(undefined, 'it has no rows');
  if (rows.length > mostRows)
    throw new FileError(undefined, `it has ${rows.length} rows, and ${mostRows} are the most: cut it into several`);
  return rows;
}

async function parse(text: string, format: FileFormat): Promise<ParsedFile> {
  if (format === 'csv') return (await import('./import-csv.ts')).readCsv(text);
  const { readJson, readYaml } = await import('./import-list.ts');
  return format === 'json' ? readJson(text) : readYaml(text);
}

function checkColumns(columns: ParsedFile['columns']): void {
  for (const [name, line] of columns) {
    if ((columnNames as string[]).includes(name)) continue;
    throw new FileError(line, `the column ${JSON.stringify(name.slice(0, 60))} is not known; ${remedyFor(name)}`);
  }
  if (!columns.has('slug')) throw new FileError(undefined, 'the column "slug" is missing: it names the partner of each row');
}

async function readText(file: string): Promise<string> {
  const stream: AsyncIterable<Buffer> = file === '-' ? process.stdin : createReadStream(file);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > mostBytes) throw new FileError(undefined, 'it has more than 10 MiB: cut it into several');
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new FileError(undefined, 'it is not UTF-8: save it as "CSV UTF-8"');
  }
}

/** What to do about a column that is not known. */
export function remedyFor(strange: string): string {
  const nearest = nearestColumn(strange);
  return nearest === undefined ? `the columns are ${columnNames.join(', ')}` : `did you mean "${nearest}"?`;
}

const mostEdits = 3;

/**
 * The known column that takes the fewest edits, as a whole or by its first or last words: `emial` is `contact_email`. None when it takes more than three,
 * or as many as letters were given: that is another word.
 */
export function nearestColumn(strange: string): string | undefined {
  const given = strange
    .toLowerCase()
    .replace(/[\s-]+/g, '_')
    .slice(0, 60);
  const distances = columnNames.map((known) => {
    const words = known.split('_');
    const parts = words.slice(1).flatMap((_, index) => [words.slice(0, index + 1), words.slice(index + 1)]);
    return { known, distance: Math.min(edits(given, known), ...parts.map((part) => edits(given, part.join('_')) + 0.5)) };
  });
  const best = distances.reduce((best, each) => (each.distance < best.distance ? each : best));
  return best.distance <= mostEdits && best.distance < given.length ? best.known : undefined;
}

/** How many letters must be put in, taken out or replaced. */
function edits(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...from].entries()) {
    const current = [row + 1];
    for (let column = 0; column < to.length; column += 1) {
      const replaced = (previous[column] as number) + (letter === to[column] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] as number) + 1, (current[column] as number) + 1));
    }
    previous = current;
  }
  return previous[to.length] as number;
}
