import { Ajv, type Options } from 'ajv';
import type { FastifyInstance, FastifySchemaValidationError } from 'fastify';
import type { FastifyValidationResult } from 'fastify/types/schema.js';
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
  app.setValidatorCompiler(({ schema, httpPart }) =>
    httpPart === 'body' ? bodyAjv.compile(schema as object) : compileParameters(schema as ObjectSchema),
  );
}

type ObjectSchema = { properties?: Record<string, { type?: string }> };

/** ajv converts whatever JavaScript reads as a number. An integer is written in decimal digits: `0x10`, `1e2`, `+1` and ` 5` are none. */
function compileParameters(schema: ObjectSchema): FastifyValidationResult {
  const validate = parameterAjv.compile(schema);
  const integers = Object.entries(schema.properties ?? {}).flatMap(([name, { type }]) => (type === 'integer' ? [name] : []));
  function check(parameters: Record<string, unknown>): boolean {
    for (const name of integers) {
      const text = parameters[name];
      if (typeof text === 'string' && !/^-?\d+$/.test(text)) parameters[name] = 'no decimal number';
    }
    const valid = validate(parameters);
    check.errors = validate.errors as FastifySchemaValidationError[] | null | undefined;
    return valid;
  }
  check.errors = undefined as FastifySchemaValidationError[] | null | undefined;
  return check;
}
