import { readFileSync } from 'node:fs';
import { platform } from 'node:process';
import { fileURLToPath } from 'node:url';
import { serverFlags } from '../../scripts/server-flags.ts';
import { freePort } from '../../src/platform/embedded.ts';
import { until } from '../helper/until.ts';
import { encodeRequest, HttpConnection } from '../load/http-client.ts';
import { type Child, type Exit, startChild } from './child.ts';

/** The service as its own process, the way production runs it; it can be killed and started again on the same port. */
export type ServerProcess = {
  port: number;
  processId(): number;
  ended(): boolean;
  kill(): Promise<void>;
  /** What the first start took, as `start` counts it. */
  firstStartMs: number;
  /** Returns when it is ready, with the milliseconds that took; without those in which it waited for a core, where the system tells them. */
  start(): Promise<number>;
  /** SIGTERM, and the wait for the end. */
  stop(): Promise<Exit & { milliseconds: number }>;
  /** What all its processes have written. */
  log(): string;
};

export type ServerOptions = {
  databaseUrl: string;
  redisUrl?: string;
  pepper: string;
  /** The program to run it with; this one's own if left out. */
  node?: string;
  /** More of its environment. */
  env?: Record<string, string>;
};

const entry = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/**
 * @param choosePort gives a port that is free now. Somebody else may have it before the server listens: then it is started again on others.
 * @throws Error with the end of its log when it does not become ready.
 */
export async function startServer(options: ServerOptions, choosePort = freePort): Promise<ServerProcess> {
  let [port, metricsPort] = [await choosePort(), await choosePort()];
  const logs: Child[] = [];
  let child: Child;
  async function start(): Promise<number> {
    const begun = performance.now();
    child = await startChild({ command: options.node ?? process.execPath, args: [...serverFlags, entry], env: environment() });
    logs.push(child);
    const isReady = async () => {
      if (child.ended()) throw new Error(`the server ended: ${child.output().slice(-2_000)}`);
      return (await statusOf(port, '/health/ready')) === 200;
    };
    await until('the server is ready', isReady, 30_000);
    return performance.now() - begun - waitedForCoreMs(child.pid);
  }
  function environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      METRICS_HOST: '127.0.0.1',
      METRICS_PORT: String(metricsPort),
      DATABASE_URL: options.databaseUrl,
      KEY_PEPPER: options.pepper,
      LOG_LEVEL: 'warn',
      ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
      ...options.env,
    };
  }
  async function firstStart(): Promise<number> {
    for (let attemptsLeft = 2; ; attemptsLeft--) {
      try {
        return await start();
      } catch (error) {
        if (attemptsLeft === 0 || !(error as Error).message.includes('EADDRINUSE')) throw error;
        [port, metricsPort] = [await choosePort(), await choosePort()];
      }
    }
  }
  const firstStartMs = await firstStart();
  return {
    port,
    firstStartMs,
    processId: () => child.pid,
    ended: () => child.ended(),
    start,
    async kill() {
      await child.stop('SIGKILL');
    },
    async stop() {
      const begun = performance.now();
      const exit = await child.stop('SIGTERM', 30_000);
      return { ...exit, milliseconds: performance.now() - begun };
    },
    log: () => logs.map((one) => one.output()).join(''),
  };
}

/** Milliseconds in which the main thread of a process could have run and had no core, which says something of the machine and not of the process. */
function waitedForCoreMs(processId: number): number {
  if (platform !== 'linux') return 0;
  // Nanoseconds on a core, nanoseconds of waiting for one, turns.
  const [, waited] = readFileSync(`/proc/${processId}/schedstat`, 'utf8').split(' ');
  return Number(waited) / 1e6;
}

/** The status that a GET of `path` is answered with on a new connection, or undefined without an answer. */
export async function statusOf(port: number, path: string): Promise<number | undefined> {
  const http = new HttpConnection('127.0.0.1', port, 2_000);
  try {
    return (await http.request(encodeRequest('GET', path, { connection: 'close' }))).status;
  } catch {
    return undefined;
  } finally {
    http.close();
  }
}
