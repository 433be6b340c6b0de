// One of several workers on one inbox:  node workers.js     Start it as often as you like.
import { randomUUID } from 'node:crypto';
import { call, Refused, run } from './call.js';

const leaseSeconds = 60;
const attempts = Infinity;

async function handle(event) {
  console.log(`handled ${event.event_id} ${event.event_type}`); // your work
}

async function work() {
  for (;;) {
    // With a receive_id, an answer that was lost on its way is given again instead of waiting for its leases to end.
    const wish = { max_events: 1, lease_seconds: leaseSeconds, wait_seconds: 20, receive_id: randomUUID() };
    const { events } = await call('POST', '/v1/inbox/receive', wish, { attempts });
    for (const event of events) await handleUnderLease(event);
  }
}

async function handleUnderLease({ lease_token, ...event }) {
  const settle = (command, options, more) => call('PATCH', `/v1/events/${event.event_id}/${command}`, { lease_token, ...options }, more);
  // Extends the lease for as long as the work takes. When it is lost, the settlement will say so.
  const keep = setInterval(() => void settle('extend', { lease_seconds: leaseSeconds }).catch(() => {}), (leaseSeconds * 1000) / 3);
  let command = 'acknowledge';
  let options = {};
  try {
    await handle(event);
  } catch (error) {
    console.error(`failed ${event.event_id}: ${error.message}`);
    command = 'release'; // for any worker, in 30 seconds; a dead letter after the tenth delivery
    options = { delay_seconds: 30 };
  } finally {
    clearInterval(keep);
  }
  try {
    await settle(command, options, { attempts });
    console.log(`${command} ${event.event_id}`);
  } catch (error) {
    // 409 lease_lost: another worker has it now; 404: expired
    if (!(error instanceof Refused) || ![404, 409].includes(error.status)) throw error;
    console.error(`lost ${event.event_id}: ${error.message}`);
  }
}

await run(work);
