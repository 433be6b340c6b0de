import { Ajv, type Options } from 'ajv';
import type { FastifyInstance } from 'fastify';
import { parseTime } from '../platform/rfc3339.ts';

const common: Options = {
  allErrors: false,
  useDefaults: true,
  removeAdditional: false,
  strict: false,
  formats: { 'date-time': { type: 'string', validate: (text: string) => parseTime(text) !== undefined } },
};

/** Bodies are taken as they are: a number is not turned into a text to fit. */
export const bodyAjv: Ajv = new Ajv({ ...common, coerceTypes: false });

// JSON Schema's maxLength counts characters, of which each may have four bytes; where the limit is one of space, this counts those in UTF-8.
bodyAjv.addKeyword({
  keyword: 'x-max-bytes',
  type: 'string',
  schemaType: 'number',
  validate: (limit: number, text: string) => text.length * 3 <= limit || Buffer.byteLength(text) <= limit,
  error: { message: ({ schema }) => `must not have more than ${schema} bytes in UTF-8` },
});

/** Parameters arrive as text, so they are converted to the type that the schema names. */
const parameterAjv = new Ajv({ ...common, coerceTypes: true });

/** Well formed? One compiler for bodies, one for everything that arrives as text. */
export function registerValidation(app: FastifyInstance): void {
  app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'body' ? bodyAjv : parameterAjv).compile(schema as object));
}
