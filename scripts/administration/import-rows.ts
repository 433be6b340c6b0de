import { InvalidArgumentError } from 'commander';
import type { PartnerFields, Wanted } from '../../src/modules/partners/provision.ts';
import type { KeyClass } from '../../src/pipeline/auth/key-format.ts';
import { scopes as allScopes, type Scope } from '../../src/pipeline/auth/principal.ts';
import { type Cells, type Column, columnNames, columns } from './import-columns.ts';
import type { RawRow, RowError } from './import-file.ts';

/** A row of a file that can be acted upon, or what is wrong with it. */
export type ImportRow =
  | { line: number; slug: string | null; partnerId: string | null; wanted: Wanted; errors?: undefined }
  | { line: number; slug: string | null; partnerId: string | null; wanted?: undefined; errors: RowError[] };

/** What holds for every row that does not say otherwise. */
export type RowDefaults = { keyClass?: KeyClass; expiresAt?: Date | null; scopes?: readonly Scope[]; withKeys?: boolean };

/** Checks every cell of every row; a row carries all of its errors. */
export function checkRows(rawRows: RawRow[], defaults: RowDefaults = {}): ImportRow[] {
  const linesOf = { slug: new Map<string, number>(), partner_id: new Map<string, number>() };
  return rawRows.map((raw): ImportRow => {
    const { line } = raw;
    const errors = [...raw.errors];
    const cells = readCells(raw, errors);
    const isWhole = raw.errors.every(({ column }) => column !== null);
    if (isWhole && cells.slug === undefined && !errors.some(({ column }) => column === 'slug')) {
      errors.push({ column: 'slug', message: 'It is missing: every row names its partner.' });
    }
    for (const column of ['slug', 'partner_id'] as const) {
      const value = cells[column];
      if (value === undefined) continue;
      const first = linesOf[column].get(value);
      if (first === undefined) linesOf[column].set(value, line);
      else errors.push({ column, message: `"${value}" is on line ${first} already.` });
    }
    const slug = cells.slug ?? shown(raw.cells.slug);
    const partnerId = cells.partner_id ?? null;
    if (errors.length > 0 || cells.slug === undefined) return { line, slug, partnerId, errors };
    return { line, slug, partnerId, wanted: toWanted(cells.slug, cells, defaults) };
  });
}

/** A slug that cannot be one, so that a person finds the row: without what a terminal would act upon. */
function shown(text: string | undefined): string | null {
  return text === undefined
    ? null
    : text
        .replace(/[\p{C}\p{Z}]+/gu, ' ')
        .trim()
        .slice(0, 40) || null;
}

function readCells({ cells: texts }: RawRow, errors: RowError[]): Cells {
  const cells: { [name: string]: unknown } = {};
  for (const column of columnNames) {
    const text = texts[column];
    if (text === undefined || text.trim() === '') continue;
    try {
      cells[column] = readCell(column, text);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      errors.push({ column, message: error.message });
    }
  }
  return cells as Cells;
}

function readCell(column: Column, text: string): unknown {
  // Before the ends are cut off: a line end there is a slip, too. What is no Unicode the database would store as something else.
  if (/\p{Cc}/u.test(text)) throw new InvalidArgumentError('It holds a control character, such as a line end or a tab: take it out.');
  if (!text.isWellFormed()) throw new InvalidArgumentError('It holds half a character (a lone surrogate): take it out.');
  return columns[column](text.trim());
}

function toWanted(slug: string, cells: Cells, defaults: RowDefaults): Wanted {
  const { partner_id: partnerId, expires_at, key_class, scopes, allowed_cidrs: allowedCidrs = null, slug: _, ...fields } = cells;
  const { withKeys = true } = defaults;
  const key = {
    keyClass: key_class ?? defaults.keyClass ?? 'beta',
    scopes: scopes ?? defaults.scopes ?? allScopes,
    expiresAt: expires_at !== undefined ? expires_at : (defaults.expiresAt ?? null),
    allowedCidrs,
  };
  return { slug, partnerId, fields: fields as Partial<PartnerFields>, key: withKeys ? key : undefined };
}
