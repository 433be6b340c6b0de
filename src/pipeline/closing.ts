import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Milliseconds that a connection without a byte may stay when the server closes: its first request may be on its way. */
const unusedMs = 100;

/**
 * Lets a closing server end. Its own close ends only the connections that are idle at that moment, and would wait for two kinds of others:
 * - one that is being answered, such as a long poll's: it would be kept open after its answer for the whole keep-alive time. So an answer that is
 *   sent while the server closes says `Connection: close`;
 * - one that was opened ahead and never used, as balancers and clients do: Node does not call it idle. It is ended soon after.
 * Register it before the hooks that end waiting requests.
 */
export function registerClosing(app: FastifyInstance): void {
  let closing = false;
  const connections = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  app.addHook('preClose', (done) => {
    closing = true;
    const sweep = setInterval(endUnused, unusedMs).unref();
    app.server.once('close', () => clearInterval(sweep));
    done();
  });
  app.addHook('onSend', function closeConnection(_request, reply, payload, done) {
    if (closing) reply.header('connection', 'close');
    done(null, payload);
  });

  function endUnused(): void {
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
  }
}
