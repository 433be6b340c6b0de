import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy that can be told, while it runs, to be a bad network.
 * - `pass`: as if it were not there.
 * - `latency`: every piece is held back by `milliseconds`, in each direction.
 * - `blackhole`: pieces are taken and never passed on, connections stay open; new ones are accepted and get no answer. What was held
 *   back comes through when the fault ends, as after a network partition.
 * - `reset`: every connection is ended by a TCP reset at once, and so is every new one.
 * - `slice`: pieces are cut into writes of `bytes`, each in its own turn of the event loop.
 *
 * Invariants: whatever the fault, bytes that come through are the sent ones, in order; a direction holds back 1 MiB at most, then it stops
 * reading, as a full network does.
 */
export type Fault =
  | { kind: 'pass' }
  | { kind: 'latency'; milliseconds: number }
  | { kind: 'blackhole' }
  | { kind: 'reset' }
  | { kind: 'slice'; bytes: number };

export class FaultProxy {
  readonly #server: Server;
  readonly #target: { host: string; port: number };
  readonly #pairs = new Set<Pair>();
  #fault: Fault = { kind: 'pass' };

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** Listens on a free port of 127.0.0.1. */
  static async open(target: { host: string; port: number }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Holds for open connections and for new ones, from now on. */
  set(fault: Fault): void {
    this.#fault = fault;
    for (const pair of this.#pairs) pair.faultChanged();
  }

  /** Ends every connection and the listener. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const pair of this.#pairs) pair.destroy();
    await closed;
  }

  #accept(client: Socket): void {
    if (this.#fault.kind === 'reset') {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const pair = new Pair(client, connect({ ...this.#target, allowHalfOpen: true }), () => this.#fault);
    this.#pairs.add(pair);
    void pair.ended.then(() => this.#pairs.delete(pair));
  }
}

/** One connection: the client's socket, ours to the target, and a lane in each direction. */
class Pair {
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #lanes: Lane[];
  readonly #fault: () => Fault;
  readonly ended: Promise<unknown>;

  constructor(client: Socket, target: Socket, fault: () => Fault) {
    this.#client = client;
    this.#target = target;
    this.#fault = fault;
    this.#lanes = [new Lane(client, target, fault), new Lane(target, client, fault)];
    const closed = [client, target].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of [client, target]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.destroy());
    }
    // The end of one side is passed on as data is; a side that vanished takes the other with it.
    client.once('close', () => this.destroy());
    target.once('close', () => this.#lanes[1]?.whenEmpty(() => this.destroy()));
    this.ended = Promise.all(closed);
  }

  faultChanged(): void {
    if (this.#fault().kind === 'reset') {
      this.#client.resetAndDestroy();
      this.#target.resetAndDestroy();
      return;
    }
    for (const lane of this.#lanes) lane.pump();
  }

  destroy(): void {
    this.#client.destroy();
    this.#target.destroy();
  }
}

const endOfStream = Symbol('end of stream');

const maxHeldBytes = 1024 * 1024;

/** One direction: pieces wait in order until the fault lets the first one go. */
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #fault: () => Fault;
  readonly #waiting: { piece: Buffer | typeof endOfStream; arrivedAt: number }[] = [];
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #onEmpty: (() => void) | undefined;
  #heldBytes = 0;

  constructor(from: Socket, to: Socket, fault: () => Fault) {
    this.#from = from;
    this.#to = to;
    this.#fault = fault;
    from.on('data', (piece: Buffer) => this.#arrived(piece));
    from.on('end', () => this.#arrived(endOfStream));
  }

  /** Calls back when nothing is held back, perhaps at once. */
  whenEmpty(callback: () => void): void {
    this.#onEmpty = callback;
    if (this.#waiting.length === 0) callback();
  }

  /** Passes on whatever the fault of the moment lets through. */
  pump(): void {
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    this.#timer = undefined;
    while (this.#waiting[0]) {
      const fault = this.#fault();
      if (fault.kind === 'blackhole' || fault.kind === 'reset') return;
      const { piece, arrivedAt } = this.#waiting[0];
      const heldBackMs = fault.kind === 'latency' ? arrivedAt + fault.milliseconds - performance.now() : 0;
      if (heldBackMs > 0) {
        this.#timer = setTimeout(() => this.pump(), Math.ceil(heldBackMs));
        return;
      }
      if (piece === endOfStream) {
        this.#waiting.shift();
        this.#to.end();
      } else if (fault.kind === 'slice' && piece.length > fault.bytes) {
        this.#pass(piece.subarray(0, fault.bytes));
        this.#waiting[0] = { piece: piece.subarray(fault.bytes), arrivedAt };
        this.#timer = setImmediate(() => this.pump());
        return;
      } else {
        this.#waiting.shift();
        this.#pass(piece);
      }
    }
    this.#onEmpty?.();
  }

  #pass(bytes: Buffer): void {
    this.#to.write(bytes);
    this.#heldBytes -= bytes.length;
    if (this.#heldBytes <= maxHeldBytes && this.#from.isPaused()) this.#from.resume();
  }

  #arrived(piece: Buffer | typeof endOfStream): void {
    if (piece !== endOfStream) {
      this.#heldBytes += piece.length;
      if (this.#heldBytes > maxHeldBytes) this.#from.pause();
    }
    this.#waiting.push({ piece, arrivedAt: performance.now() });
    if (this.#timer === undefined) this.pump();
  }
}
