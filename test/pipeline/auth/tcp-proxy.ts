import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** What a client of Postgres says last. */
const terminate = Buffer.from([0x58, 0, 0, 0, 4]);

/**
 * A way to a Postgres that can be broken: `blackHole` swallows everything without closing anything, as a pulled cable does; `refuse` closes all
 * connections and takes no new ones; `loseEnds` lets clients go and leaves their sessions open for Postgres, `lostEnds` so many; `heal` ends all three.
 */
export async function brokenWay(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let mode: 'open' | 'black hole' | 'refusing' | 'losing ends' = 'open';
  let lostEnds = 0;
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
      from.on('data', (bytes) => {
        if (mode === 'losing ends' && bytes.equals(terminate)) lostEnds += 1;
        else if (mode !== 'black hole') to.write(bytes);
      });
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        if (mode !== 'losing ends') to.destroy();
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
    loseEnds() {
      mode = 'losing ends';
    },
    lostEnds: () => lostEnds,
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
