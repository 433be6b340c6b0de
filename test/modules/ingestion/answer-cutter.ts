import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy before Postgres that loses answers: after `cut(marker)`, the next exchange whose request holds the marker is carried out by the
 * database, and when its answer is complete (ReadyForQuery: it is committed) the connection is reset instead of passing it on.
 */
export class AnswerCutter {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #marker: string | undefined;
  #cut: (() => void) | undefined;

  private constructor(target: { host: string; port: number }) {
    this.#server = createServer((client) => this.#accept(client, connect(target)));
  }

  static async open(databaseUrl: string): Promise<{ cutter: AnswerCutter; url: string }> {
    const url = new URL(databaseUrl);
    const cutter = new AnswerCutter({ host: url.hostname, port: Number(url.port) });
    await new Promise<void>((resolve) => cutter.#server.listen(0, '127.0.0.1', resolve));
    url.host = `127.0.0.1:${(cutter.#server.address() as { port: number }).port}`;
    return { cutter, url: url.href };
  }

  /** Resolves when the answer has been lost. */
  cut(marker: string): Promise<void> {
    this.#marker = marker;
    return new Promise((resolve) => {
      this.#cut = resolve;
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(client: Socket, target: Socket): void {
    let losing = false;
    for (const socket of [client, target]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        target.destroy();
      });
    }
    client.on('data', (piece) => {
      if (this.#marker !== undefined && piece.includes(this.#marker)) {
        this.#marker = undefined;
        losing = true;
      }
      target.write(piece);
    });
    target.on('data', (piece) => {
      if (!losing || !isReadyForQuery(piece)) return void client.write(piece);
      client.resetAndDestroy();
      this.#cut?.();
    });
  }
}

/** Whether a piece of the protocol ends with ReadyForQuery outside of a transaction. */
function isReadyForQuery(piece: Buffer): boolean {
  return piece.subarray(-6).equals(Buffer.from([0x5a, 0, 0, 0, 5, 0x49]));
}
