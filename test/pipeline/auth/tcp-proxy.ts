import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * A way to a Postgres that can be broken: `blackHole` swallows everything without closing anything, as a pulled cable does; `refuse` closes all
 * connections and takes no new ones; `heal` ends both.
 */
export async function brokenWay(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let mode: 'open' | 'black hole' | 'refusing' = 'open';
  const closeAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((inner) => {
    if (mode === 'refusing') return inner.destroy();
    const outer = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => mode === 'open' && to.write(bytes));
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = `${(server.address() as { port: number }).port}`;
  return {
    url: url.href,
    blackHole() {
      mode = 'black hole';
    },
    refuse() {
      mode = 'refusing';
      closeAll();
    },
    heal() {
      mode = 'open';
      closeAll();
    },
    async close() {
      server.close();
      closeAll();
    },
  };
}
