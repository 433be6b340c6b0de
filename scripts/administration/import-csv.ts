import type { CsvError } from 'csv-parse/sync';
import { FileError, type ParsedFile, type RawRow } from './import-file.ts';

/** A broken quote costs its own line, and a new start behind it; a file with more of them is no CSV. */
const mostBrokenQuotes = 100;

/** Also of files in which both occur: the parser by itself would take the first one it meets. */
const lineEnds = ['\r\n', '\n', '\r'];

type Record = { line: number; fields: string[] } | { line: number; broken: string };

/**
 * The rows of a CSV file under the columns of its first line. A row whose number of cells or whose quotes are wrong carries that as its error;
 * lines without any text are skipped, as spreadsheets leave them at the end. @throws FileError for what concerns the whole file.
 */
export async function readCsv(text: string): Promise<ParsedFile> {
  const records = await readRecords(text);
  const head = records.shift();
  if (!head) return { columns: new Map(), rows: [] };
  if ('broken' in head) throw new FileError(head.line, head.broken);
  const columns = head.fields.map((name) => name.trim());
  const nameless = columns.indexOf('') + 1;
  if (nameless > 0) throw new FileError(head.line, `the column ${nameless} has no name`);
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) throw new FileError(head.line, `the column "${twice}" is there twice`);
  if (columns.length === 1 && /[;\t]/.test(head.fields[0] as string)) {
    throw new FileError(head.line, 'cells are separated by commas, not by semicolons or tabs');
  }
  return { columns: new Map(columns.map((name) => [name, head.line])), rows: records.map((record) => toRow(record, columns)) };
}

function toRow(record: Record, columns: string[]): RawRow {
  const { line } = record;
  if ('broken' in record) return { line, cells: {}, errors: [{ column: null, message: record.broken }] };
  const { fields } = record;
  if (fields.length !== columns.length) {
    const message = `The row has ${fields.length} cells and the first line ${columns.length}: put texts that hold a comma into quotes.`;
    return { line, cells: {}, errors: [{ column: null, message }] };
  }
  const cells = Object.fromEntries(columns.map((name, index) => [name, fields[index] as string]).filter(([, cell]) => cell !== ''));
  return { line, cells, errors: [] };
}

async function readRecords(text: string): Promise<Record[]> {
  const { CsvError, parse } = await import('csv-parse/sync');
  const bytes = Buffer.from(text);
  const lines = new LineCounter(bytes);
  const records: Record[] = [];
  let broken = 0;
  for (let from = 0; from < bytes.length; ) {
    let end = from; // of the last good record
    try {
      parse(bytes.subarray(from), {
        record_delimiter: lineEnds,
        relax_column_count: true, // counted by `toRow`, which knows the line
        on_record(fields: string[], { bytes: read }) {
          const { line } = lines.at(end);
          end = from + read;
          if (fields.some((field) => field.trim() !== '')) records.push({ line, fields });
          return null;
        },
      });
      break;
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      const { line, next } = lines.at(end);
      records.push({ line, broken: brokenQuote(error) });
      broken += 1;
      if (broken > mostBrokenQuotes)
        throw new FileError(line, `more than ${mostBrokenQuotes} rows have a broken quote: is this a CSV file?`);
      from = next;
    }
  }
  return records;
}

function brokenQuote({ code }: CsvError): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'A quote is opened and not closed.';
  return 'A quote is not where one may be: put the whole cell into quotes, and write a quote within it twice.';
}

/** Tells on which line a record begins. Asked for ever later places, so that the file is walked once. */
class LineCounter {
  readonly #bytes: Buffer;
  #line = 1;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The line of the first text at or after `from`, past empty lines, and where the line after it begins. Both in bytes. */
  at(from: number): { line: number; next: number } {
    while (this.#at < from) this.#step();
    while (this.#isLineEnd(this.#at)) this.#step();
    let next = this.#at;
    while (next < this.#bytes.length && !this.#isLineEnd(next)) next += 1;
    return { line: this.#line, next: this.#isLineEnd(next) ? next + 1 : next };
  }

  #step(): void {
    const byte = this.#bytes[this.#at];
    const isCrLf = byte === 0x0d && this.#bytes[this.#at + 1] === 0x0a;
    if (this.#isLineEnd(this.#at) && !isCrLf) this.#line += 1;
    this.#at += 1;
  }

  #isLineEnd(at: number): boolean {
    const byte = this.#bytes[at];
    return byte === 0x0a || byte === 0x0d;
  }
}
