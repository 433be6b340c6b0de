import Fastify from 'fastify';
import { EventAccepted, EventBody } from '../../src/modules/ingestion/schema.ts';
import { registerValidation } from '../../src/pipeline/validation.ts';

/**
 * What Fastify itself can do on this machine: a route with the same validation and the same shape of answer as ours, but no authentication, no
 * limits and no storage; and a route that answers bytes that it was given. Port in `PORT`.
 */
const app = Fastify({ bodyLimit: 16 * 1024 * 1024 });
registerValidation(app);
let count = 0;

app.post('/v1/events', { schema: { body: EventBody, response: { 200: EventAccepted } } }, async () => {
  count += 1;
  const id = String(count).padStart(12, '0');
  return {
    event_id: `evt_01a20b96-5b00-7000-8000-${id}`,
    status: 'accepted',
    duplicate: false,
    received_at: '2026-03-01T12:00:00.000Z',
    expires_at: '2026-03-04T12:00:00.000Z',
  };
});

let given = '';
app.put('/bytes', async (request) => {
  given = JSON.stringify(request.body);
  return { bytes: given.length };
});
app.get('/bytes', async (_request, reply) => reply.type('application/json').send(given));

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
