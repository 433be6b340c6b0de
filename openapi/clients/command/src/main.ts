#!/usr/bin/env node
import { Interrupted, signalExitCodes } from './outcome.ts';
import { run } from './run.ts';

const stopping = new AbortController();
for (const signal of Object.keys(signalExitCodes) as (keyof typeof signalExitCodes)[]) {
  process.on(signal, () => {
    // Who asks a second time is obeyed at once.
    if (stopping.signal.aborted) process.exit(signalExitCodes[signal]);
    stopping.abort(new Interrupted(signal));
  });
}
process.stderr.on('error', () => {}); // nobody is left to be told

const { stdin, stdout, stderr, env } = process;
process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, env, signal: stopping.signal });
// A reader that went away while the last lines were on their way to it is met here.
stdout.on('error', () => {});
// An open stdin would keep the process waiting for what nobody reads.
stdin.destroy();
