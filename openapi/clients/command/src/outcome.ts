import {
  AuthenticationError,
  ConnectionError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ServerError,
  TriggersError,
} from '@triggers-api/client';
import { CommanderError } from 'commander';
import { duration, printable } from './text.ts';

/** What the caller can tell apart; listed by --help. */
export const exitCodes = { done: 0, failed: 1, usage: 2, notFound: 3, keyRefused: 4, away: 5 } as const;

/** 128 and the number of the signal, as a shell has it. */
export const signalExitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** The same for SIGPIPE: whoever read stdout has gone. */
export const brokenPipe = 141;

export const exitCodeHelp = `
Exit codes:
  0    done
  1    failed, not all of it done, or not confirmed at the question
  2    the command is not usable as given: its arguments, its input, a file or the environment
  3    no such event
  4    the key is refused: wrong, expired, revoked, not from this address, or without the scope
  5    the service does not answer, or is out of order; the same command may work later
  130  ended by Ctrl-C (SIGINT)
  141  whoever read the output has gone
  143  ended by SIGTERM`;

/** Ends the command with an exit code and, unless all is said, a sentence. `advice` is what to do, a line of its own. */
export class CliError extends Error {
  override name = 'CliError';
  readonly exitCode: number;
  readonly advice: string | undefined;

  constructor(exitCode: number, message: string, advice?: string) {
    super(message);
    this.exitCode = exitCode;
    this.advice = advice;
  }
}

/** The reason with which a signal aborts what is under way. */
export class Interrupted extends CliError {
  override name = 'Interrupted';

  constructor(signal: keyof typeof signalExitCodes) {
    super(signalExitCodes[signal], '');
  }
}

export type Outcome = { exitCode: number; lines: string[] };

/** The exit code of an error, and what to say about it: a sentence, then what to do, then the request id. */
export function outcomeOf(error: unknown): Outcome {
  // commander has said its own part; help that was asked for is no error, help shown for want of a command is one.
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? exitCodes.done : exitCodes.usage, lines: [] };
  if (error instanceof CliError) return { exitCode: error.exitCode, lines: error.message ? lines(error.message, error.advice) : [] };
  // Of a batch it is the request that failed which says why.
  if (error instanceof TriggersError) return answered(error.cause instanceof TriggersError ? error.cause : error);
  const { message, code, syscall } = error as NodeJS.ErrnoException;
  // A file that cannot be read or written is a mistake in how the command was called; the system's message names it.
  if (code !== undefined && syscall !== undefined) return { exitCode: exitCodes.usage, lines: lines(message) };
  return { exitCode: exitCodes.failed, lines: lines(message) };
}

/** What the service answered, or that it did not. Its words are made printable: they may hold what we sent. */
function answered(error: TriggersError): Outcome {
  const { exitCode, sentence, advice } = meaning(error);
  const fields = error.errors.map(({ pointer, detail }) => printable(`${pointer}: ${detail}`));
  const { job_id: jobId } = error.problem;
  const job = typeof jobId === 'string' && `job_id: ${printable(jobId)}`;
  const request = error.requestId && `Request id, for support: ${printable(error.requestId)}`;
  return { exitCode, lines: lines(`${sentence} (${printable(error.code)})`, ...fields, job || undefined, advice, request) };
}

function meaning(error: TriggersError): { exitCode: number; sentence: string; advice?: string } {
  const detail = printable(error.detail);
  if (error instanceof AuthenticationError) {
    const advice = 'Check TRIGGERS_API_KEY (or API_KEY), or keep another key with: triggers login';
    return { exitCode: exitCodes.keyRefused, sentence: `the key is refused: ${detail}`, advice };
  }
  if (error instanceof PermissionDeniedError) {
    return { exitCode: exitCodes.keyRefused, sentence: `the key may not do this: ${detail}`, advice: 'Ask for a key that may.' };
  }
  if (error instanceof NotFoundError) {
    const advice = 'Check the id; the event may have expired, or belong to another account.';
    return { exitCode: exitCodes.notFound, sentence: detail, advice };
  }
  if (error instanceof ConnectionError) {
    const advice = 'Check the address (TRIGGERS_API_URL, or the profile) and your connection.';
    return { exitCode: exitCodes.away, sentence: `the service cannot be reached: ${detail}`, advice };
  }
  const { retryAfterMs } = error;
  const wait = retryAfterMs === undefined ? 'Try again later.' : `Try again in ${duration(retryAfterMs / 1000)}.`;
  if (error instanceof ServerError) return { exitCode: exitCodes.away, sentence: `the service is out of order: ${detail}`, advice: wait };
  if (error instanceof RateLimitError) return { exitCode: exitCodes.failed, sentence: detail, advice: wait };
  return { exitCode: exitCodes.failed, sentence: detail };
}

function lines(message: string, ...more: (string | undefined)[]): string[] {
  return [message, ...more.filter((each) => each !== undefined && each !== '')] as string[];
}
