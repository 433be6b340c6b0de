import { CommanderError } from 'commander';
import { PartnerError, type PartnerErrorCode } from '../../src/modules/partners/errors.ts';
import { classifyPostgresError } from '../../src/platform/postgres.ts';
import { VaultError } from '../../src/platform/vault/vault.ts';

/** What the caller can tell apart; listed by --help. */
export const exitCodes = { done: 0, failed: 1, usage: 2, notFound: 3, conflict: 4, noDatabase: 5 } as const;

/** 128 and the number of the signal, as a shell has it. */
export const signalExitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** The same for SIGPIPE: whoever read stdout has gone. */
export const brokenPipe = 141;

export const exitCodeHelp = `
Exit codes:
  0    done
  1    failed, not all of it done, something found wrong, or not confirmed at the question
  2    the command is not usable as given: its arguments, a file or the environment
  3    no such partner or key
  4    it exists already, is under way already, or the name is ambiguous
  5    no database: not configured, does not answer, or has no tables of this version
  130  ended by SIGINT; what was under way is finished, and the same command goes on from there
  141  whoever read the output has gone
  143  ended by SIGTERM, as by SIGINT`;

/** Ends the program with a message and an exit code. */
export class AdminError extends Error {
  override name = 'AdminError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

const partnerErrors: Record<PartnerErrorCode, number> = {
  invalid_slug: exitCodes.usage,
  unknown_partner: exitCodes.notFound,
  unknown_key: exitCodes.notFound,
  slug_taken: exitCodes.conflict,
  partner_id_taken: exitCodes.conflict,
  revoked_key: exitCodes.conflict,
  ambiguous_key: exitCodes.conflict,
};

/** The exit code of an error, and what to say about it; commander has said its own part already. */
export function outcomeOf(error: unknown): { exitCode: number; message?: string } {
  // Help that was asked for is no error; help shown for want of a command is one.
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? exitCodes.done : exitCodes.usage };
  if (error instanceof AdminError) return { exitCode: error.exitCode, message: error.message };
  if (error instanceof VaultError) {
    return { exitCode: error.code === 'not_found' ? exitCodes.notFound : exitCodes.failed, message: `vault: ${error.message}` };
  }
  if (error instanceof PartnerError) return { exitCode: partnerErrors[error.code], message: error.message };
  const { code, message } = error as { code?: string; message: string };
  // Its message names the file.
  if (isFileError(error)) return { exitCode: exitCodes.usage, message };
  // 28xxx: it answers, but does not let us in.
  if (classifyPostgresError(error) === 'retry' || code?.startsWith('28')) {
    const hint = process.env.DATABASE_URL ? 'check DATABASE_URL' : 'is ./scripts/start running?';
    return { exitCode: exitCodes.noDatabase, message: `the database cannot be used (${message || code}); ${hint}` };
  }
  // Without the role there are no tables of this version either.
  if (code === '42P01' || (code === '22023' && message.includes('triggers_app')))
    return { exitCode: exitCodes.noDatabase, message: 'the database has no tables of this version: run the migrations first' };
  return { exitCode: exitCodes.failed, message };
}

const socketCalls = new Set(['connect', 'getaddrinfo', 'read', 'write', 'shutdown']);

/** Whether the system refused something about a file: to the classes of Postgres's errors it looks like a socket that failed. */
function isFileError(error: unknown): boolean {
  const { syscall, path } = error as { syscall?: string; path?: string };
  return path !== undefined || (syscall !== undefined && !socketCalls.has(syscall));
}

/** Whichever command it is: a file that cannot be read is a mistake in how it was called. `error` is what the system says. */
export function cannotRead(file: string, error: unknown): AdminError {
  return new AdminError(exitCodes.usage, `cannot read ${fileName(file)}: ${(error as Error).message}`);
}

/** The same for a file that is to be written. */
export function cannotWrite(file: string, error: unknown): AdminError {
  return new AdminError(exitCodes.usage, `cannot write ${file}: ${(error as Error).message}`);
}

/** Of a file that a command was given; `-` is the standard input. */
export function fileName(file: string): string {
  return file === '-' ? 'the standard input' : file;
}
