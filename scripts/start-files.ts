import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { commandOf } from '../src/platform/embedded-process.ts';

/**
 * What a start keeps in its folder (LOCAL_DIR): `demo.env` for whoever calls the API, `server.env` for whoever administers it (both can be
 * sourced by a shell, and only their owner can read them), `running.json` while it runs, `server.log`, and Postgres's data and log.
 */
export class LocalFolder {
  readonly path: string;

  constructor(place: string) {
    this.path = place;
  }

  file(name: string): string {
    return path.join(this.path, name);
  }

  /** The variables of an env file; none when there is no such file. */
  readEnv(name: string): Record<string, string | undefined> {
    try {
      return parseEnv(readFileSync(this.file(name), 'utf8'));
    } catch {
      return {};
    }
  }

  /** Replaces an env file in one step, mode 0600. */
  async writeEnv(name: string, variables: Record<string, string>): Promise<void> {
    const lines = Object.entries(variables).map(([key, value]) => `${key}=${/^[\w./:@%+,=-]*$/.test(value) ? value : `'${value}'`}\n`);
    const fresh = this.file(`${name}.${process.pid}`);
    await writeFile(fresh, lines.join(''), { mode: 0o600 });
    await chmod(fresh, 0o600);
    await rename(fresh, this.file(name));
  }

  /**
   * Makes the folder, and makes it ours as long as this process runs. What a killed start left running is ended: its server here, its
   * Postgres by the caller. @throws Error when another start is using the folder.
   */
  async claim(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o711 }); // Postgres's own account must get through when root starts it
    const claim = this.file('running.json');
    for (;;) {
      try {
        const file = await open(claim, 'wx', 0o600);
        await file.writeFile(JSON.stringify({ start: process.pid }));
        return await file.close();
      } catch (error) {
        if ((error as { code?: string }).code !== 'EEXIST') throw error;
      }
      const { start, server } = JSON.parse((await readFile(claim, 'utf8').catch(() => '')) || '{}');
      if (isProgram(start, 'scripts/start')) {
        throw new Error(
          `${this.path} is in use by a start that is running (process ${start}): stop it, or set LOCAL_DIR to another folder`,
        );
      }
      await endAbandoned(server);
      await rm(claim, { force: true });
    }
  }

  /** So that the next start can end the server if this one is killed. */
  async noteServer(processId: number): Promise<void> {
    await writeFile(this.file('running.json'), JSON.stringify({ start: process.pid, server: processId }));
  }

  async release(): Promise<void> {
    await rm(this.file('running.json'), { force: true });
  }
}

/** A secret of 192 bits that needs no quoting anywhere. */
export function newSecret(): string {
  return randomBytes(24).toString('hex');
}

function isProgram(processId: unknown, part: string): boolean {
  return typeof processId === 'number' && processId !== process.pid && (commandOf(processId)?.includes(part) ?? false);
}

async function endAbandoned(server: unknown): Promise<void> {
  if (!isProgram(server, 'src/main.ts')) return;
  process.kill(server as number, 'SIGTERM');
  for (const until = Date.now() + 20_000; isProgram(server, 'src/main.ts'); await delay(20)) {
    if (Date.now() > until) process.kill(server as number, 'SIGKILL');
  }
}
