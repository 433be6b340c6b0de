import { RawJson } from '@triggers-api/client';
import { CliError, exitCodes } from './outcome.ts';

/** The JSON object that `text` is, to be sent byte for byte. `what` names it in the message. @throws CliError */
export function payloadOf(text: string, what: string): RawJson {
  const json = text.replace(/^\uFEFF/, '');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new CliError(exitCodes.usage, `${what} is not JSON: ${(error as Error).message}`);
  }
  if (isObject(value)) return new RawJson(json);
  throw new CliError(exitCodes.usage, `${what} must be a JSON object, such as {"order_id":"order_001"}`);
}

/**
 * JSON whose numbers keep their digits: what JavaScript's numbers cannot hold (9007199254740993, 1.0, 1e400) stays as it is written, as an opaque
 * value that JSON.stringify writes out again. @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const keep = (_name: string, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && String(value) !== source ? rawNumber(source) : value;
  };
  return JSON.parse(text, keep as (name: string, value: unknown) => unknown);
}

// ES2026, and in every Node that this package runs on; TypeScript does not know it yet.
const { rawJSON: rawNumber, isRawJSON: isRawNumber } = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
}
