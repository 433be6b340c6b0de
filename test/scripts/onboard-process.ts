import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { createWorld, pepper } from '../modules/onboarding/world.ts';
import { runAdmin } from './admin-process.ts';

const program = fileURLToPath(new URL('../../scripts/admin.ts', import.meta.url));

/** A world, and the command as a process with its settings in the environment. */
export async function setUp(t: Test) {
  const world = await createWorld(t, { user: 'apikey', password: 'password-of-the-relay' });
  const env = {
    PATH: process.env.PATH ?? '',
    ADMIN_NAME: 'alice',
    DATABASE_URL: world.databaseUrl,
    KEY_PEPPER: pepper,
    VAULT_KEY_FILE: world.keyFile,
    ...world.settings,
  };
  /** All that was printed. */
  const everything: string[] = [];
  const launch = (args: string[], changed: Record<string, string> = {}) =>
    spawn(process.execPath, [program, 'onboard', ...args], { env: { ...env, ...changed }, stdio: ['ignore', 'pipe', 'pipe'] });
  async function run(args: string[], changed?: Record<string, string>) {
    const outcome = await runAdmin({ ...env, ...changed }, ['onboard', ...args]);
    everything.push(outcome.out, outcome.messages);
    return outcome;
  }
  async function json(args: string[], changed?: Record<string, string>) {
    const { code, out, messages } = await run([...args, '--json'], changed);
    return { code, messages, records: out ? JSON.parse(out) : undefined };
  }
  return { world, launch, run, json, everything };
}

/** What no process without the setting of that name has. */
export const without = (...names: string[]) => Object.fromEntries(names.map((name) => [name, '']));
