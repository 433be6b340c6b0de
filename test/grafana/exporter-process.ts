import { freePort } from '../../src/platform/embedded.ts';
import { startChild } from '../faults/child.ts';
import { until } from '../helper/until.ts';
import { programs } from './promtool.ts';
import type { Teardown } from './undo.ts';

export type ExporterOptions = { databaseUrl: string; redisUrl: string /** File of `--extend.query-path`. */; queriesFile: string };

/** The exporters of the Compose stack as Debian has them, each on a free port. Gives `host:port` by the job that scrapes it. */
export async function startExporters(t: Teardown, { databaseUrl, redisUrl, queriesFile }: ExporterOptions) {
  const [postgres, redis, node] = await Promise.all([
    // The address of the database has a password: by the environment, which others cannot read.
    startExporter(t, programs.postgresExporter, [`--extend.query-path=${queriesFile}`], {
      DATA_SOURCE_NAME: `${databaseUrl}?sslmode=disable`,
    }),
    startExporter(t, programs.redisExporter, [`--redis.addr=${redisUrl}`]),
    startExporter(t, programs.nodeExporter, []),
  ]);
  return { postgres, redis, node };
}

async function startExporter(t: Teardown, command: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  const child = await startChild({
    command,
    args: [`--web.listen-address=${address}`, ...args],
    env: { PATH: process.env.PATH, ...env },
  });
  t.teardown(() => child.stop('SIGTERM'));
  await until(`${command} answers`, async () => {
    if (child.ended()) throw new Error(`${command} ended:\n${child.output()}`);
    return (await fetch(`http://${address}/`).catch(() => undefined))?.ok;
  });
  return address;
}
