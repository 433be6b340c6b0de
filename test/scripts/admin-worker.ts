import { parentPort } from 'node:worker_threads';
import { runCommand } from '../../scripts/administration/run.ts';
import type { Command, Outcome } from './admin-process.ts';

/** Runs one admin's command after the other, each with an environment of its own, as `scripts/admin` would; see admin-process.ts. */
const written = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr'] as const) {
  const stream = process[name];
  stream._write = (chunk, _encoding, done) => {
    written[name] += chunk;
    done();
  };
  stream._writev = undefined;
}

parentPort?.on('message', async ({ env, args }: Command) => {
  Object.assign(written, { stdout: '', stderr: '' });
  process.env = env;
  process.exitCode = undefined;
  await runCommand(args);
  // What was written in this turn is taken by the stream in this turn.
  parentPort?.postMessage({ code: Number(process.exitCode ?? 0), out: written.stdout, messages: written.stderr } satisfies Outcome);
});
