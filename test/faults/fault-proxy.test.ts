import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { until } from '../helper/until.ts';
import { FaultProxy } from './fault-proxy.ts';

/** A server that gives back what it gets, and a proxy before it. */
async function echoBehindProxy(t: Test): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await FaultProxy.open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  t.teardown(async () => {
    await proxy.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return proxy;
}

type Caller = { socket: Socket; pieces: Buffer[]; error(): string | undefined; received(bytes: number): Promise<Buffer> };

async function call(t: Test, proxy: FaultProxy): Promise<Caller> {
  const socket = connect(proxy.port, '127.0.0.1').setNoDelay(true);
  const pieces: Buffer[] = [];
  let error: string | undefined;
  socket.on('data', (piece) => pieces.push(piece));
  socket.on('error', (reason: NodeJS.ErrnoException) => {
    error = reason.code;
  });
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  return {
    socket,
    pieces,
    error: () => error,
    received: (bytes) =>
      until(`${bytes} bytes arrive`, () => {
        const all = Buffer.concat(pieces);
        return all.length >= bytes ? all : undefined;
      }),
  };
}

t.test('without a fault everything passes, both ends of the stream included', async (t) => {
  const proxy = await echoBehindProxy(t);
  const caller = await call(t, proxy);
  const sent = Buffer.alloc(3_000_000, 'abcdefg');
  caller.socket.end(sent);
  t.ok((await caller.received(sent.length)).equals(sent));
  await until('the connection is gone', () => proxy.connections === 0);
  t.equal(caller.error(), undefined);
});

t.test('latency holds every piece back in both directions', async (t) => {
  const proxy = await echoBehindProxy(t);
  proxy.set({ kind: 'latency', milliseconds: 60 });
  const caller = await call(t, proxy);
  const begun = performance.now();
  caller.socket.write('there and back');
  await caller.received(14);
  const tookMs = performance.now() - begun;
  t.ok(tookMs >= 119, `${tookMs} ms`);
});

t.test('a black hole answers nothing and breaks nothing; what it held comes through afterwards', async (t) => {
  const proxy = await echoBehindProxy(t);
  const before = await call(t, proxy);
  before.socket.write('one');
  await before.received(3);
  proxy.set({ kind: 'blackhole' });
  before.socket.write('two');
  const during = await call(t, proxy);
  during.socket.write('three');
  // A second proxy that is slow instead of dead gives a time by which an answer would have come.
  const slow = await echoBehindProxy(t);
  slow.set({ kind: 'latency', milliseconds: 30 });
  const witness = await call(t, slow);
  witness.socket.write('x');
  await witness.received(1);
  t.equal(Buffer.concat(before.pieces).toString(), 'one');
  t.equal(during.pieces.length, 0);
  t.equal(before.error() ?? during.error(), undefined);
  proxy.set({ kind: 'pass' });
  t.equal((await before.received(6)).toString(), 'onetwo');
  t.equal((await during.received(5)).toString(), 'three');
});

t.test('a reset ends open connections and new ones with ECONNRESET, until it is over', async (t) => {
  const proxy = await echoBehindProxy(t);
  const open = await call(t, proxy);
  open.socket.write('x');
  await open.received(1);
  proxy.set({ kind: 'reset' });
  await until('the open connection is reset', () => open.error() === 'ECONNRESET');
  const fresh = connect(proxy.port, '127.0.0.1');
  const [reason] = await once(fresh, 'error');
  t.equal(reason.code, 'ECONNRESET');
  proxy.set({ kind: 'pass' });
  const again = await call(t, proxy);
  again.socket.write('back');
  t.equal((await again.received(4)).toString(), 'back');
});

t.test('slices arrive in more pieces and whole', async (t) => {
  const proxy = await echoBehindProxy(t);
  proxy.set({ kind: 'slice', bytes: 3 });
  const caller = await call(t, proxy);
  const sent = 'sliced but not lost, byte for byte';
  caller.socket.write(sent);
  t.equal((await caller.received(sent.length)).toString(), sent);
  t.ok(caller.pieces.length > 3, `${caller.pieces.length} pieces`);
});

t.test('closing ends every connection', async (t) => {
  const proxy = await echoBehindProxy(t);
  const caller = await call(t, proxy);
  const { port } = proxy;
  const closed = once(caller.socket, 'close');
  await proxy.close();
  await closed;
  const refused = connect(port, '127.0.0.1');
  const [reason] = await once(refused, 'error');
  t.equal(reason.code, 'ECONNREFUSED');
});
