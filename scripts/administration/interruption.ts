import { AdminError, signalExitCodes } from './outcome.ts';

/** How long work hears that it is to stop. */
export type Interruption = {
  /** By which signal it is to stop; undefined while it is to go on. */
  signal(): NodeJS.Signals | undefined;
  /** Aborted by the first signal, with `error()` as its reason. */
  abort: AbortSignal;
  /** What a command that was stopped ends with: exit code 130 or 143. `state` says how far it came and what goes on from there. */
  error(state?: string): AdminError;
  /** To be called when the work is over: a signal then ends the process as it ends any other. */
  end(): void;
};

/**
 * From now on the first SIGINT or SIGTERM only asks the work to finish what is under way and then to stop. Whoever asks a second time is obeyed at
 * once: what was under way is then committed or not, and never half.
 */
export function interruptible(): Interruption {
  const aborting = new AbortController();
  let received: Signal | undefined;
  const interruption: Interruption = {
    signal: () => received,
    abort: aborting.signal,
    error: (state = 'what is done stays done, and the same command goes on from there') =>
      new AdminError(signalExitCodes[received ?? 'SIGINT'], `stopped by ${received ?? 'SIGINT'}; ${state}`),
    end() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
  const onSignal = (signal: Signal) => {
    if (received) process.exit(signalExitCodes[signal]);
    received = signal;
    aborting.abort(interruption.error());
  };
  for (const signal of signals) process.on(signal, onSignal);
  return interruption;
}

type Signal = keyof typeof signalExitCodes;
const signals = Object.keys(signalExitCodes) as Signal[];
