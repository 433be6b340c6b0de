// Every event has its effect once, whatever comes twice or crashes when:  node exactly-once.js orders
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { call, Refused, run } from './call.js';

/** Whether the event was new. The effect and the note of it are one step: a file that is there whole, or not at all. */
async function handleOnce(folder, event) {
  const done = `${folder}/${event.event_id}.json`;
  if (await stat(done).catch(() => undefined)) return false;
  // Your effect. With a database: one transaction that also inserts event_id into a table where it is unique.
  // To another system send event_id as its idempotency key.
  const file = await open(`${done}.new`, 'w');
  await file.writeFile(JSON.stringify(event.payload));
  await file.sync();
  await file.close();
  await rename(`${done}.new`, done);
  return true;
}

async function handleAll(folder) {
  const attempts = Infinity;
  await mkdir(folder, { recursive: true });
  for (;;) {
    const { events } = await call('GET', '/v1/inbox?limit=100&wait=20', undefined, { attempts });
    for (const event of events) {
      console.log(`${event.event_id} ${(await handleOnce(folder, event)) ? 'done' : 'was done before'}`);
      try {
        await call('PATCH', `/v1/events/${event.event_id}/acknowledge`, {}, { attempts }); // after the effect, never before
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 404) throw error; // expired meanwhile
      }
    }
  }
}

await run(() => handleAll(process.argv[2]));
