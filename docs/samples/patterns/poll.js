// Handles what comes into the inbox:  node poll.js
import { call, run } from './call.js';

async function handle(event) {
  console.log(`handled ${event.event_id} ${event.event_type}`); // your work; an exception ends the program
}

async function poll() {
  const attempts = Infinity;
  const handled = new Set(); // handled and not yet acknowledged: these come again, and are not handled again
  for (;;) {
    // Answered with the first event, or empty after 20 seconds. What is acknowledged is the position: no cursor.
    const { events } = await call('GET', '/v1/inbox?limit=100&wait=20', undefined, { attempts });
    for (const event of events) {
      if (handled.has(event.event_id)) continue;
      await handle(event);
      handled.add(event.event_id);
    }
    if (events.length === 0) continue;
    const answer = await call('POST', '/v1/events/acknowledge', { event_ids: events.map((event) => event.event_id) }, { attempts });
    for (const result of answer.results) {
      if (result.status === 'acknowledged' || !result.error.retryable) handled.delete(result.event_id);
    }
    console.log(`acknowledged ${answer.acknowledged}`);
  }
}

await run(poll);
