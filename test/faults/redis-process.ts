import { spawnSync } from 'node:child_process';
import { createConnection } from 'node:net';
import { freePort } from '../../src/platform/embedded.ts';
import { until } from '../helper/until.ts';
import { type Child, startChild } from './child.ts';

export type RedisProcess = {
  url: string;
  port: number;
  processId(): number;
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
};

/** Whether this machine has a redis-server. */
export function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

/** A redis-server of our own, that keeps nothing, on a free port of 127.0.0.1. */
export async function startRedis(): Promise<RedisProcess> {
  const port = await freePort();
  let child: Child;
  async function start(): Promise<void> {
    child = await startChild({
      command: 'redis-server',
      args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp'],
    });
    await until('Redis answers', () => {
      if (child.ended()) throw new Error(`Redis ended: ${child.output().slice(-500)}`);
      return accepts(port);
    });
  }
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    processId: () => child.pid,
    start,
    async kill() {
      await child.stop('SIGKILL');
    },
    async stop() {
      await child.stop('SIGTERM');
    },
  };
}

/** Whether somebody takes connections on this port of 127.0.0.1. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
