// Sends what your system writes down:  node sync.js orders.jsonl
//
// Your system adds a line such as {"id": 1001} to the file for each order. Run this every minute, one at a time.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { call, run } from './call.js';

/** 0 before the first run. Whatever else is wrong with the file ends the program: to begin anew would send everything again. */
async function position(path) {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return 0;
    throw error;
  }
  if (!/^\d+\s*$/.test(text)) throw new Error(`${path} holds no number`);
  return Number(text);
}

async function sync(path) {
  // How far we are. A line's place never changes; a number from a database's sequence may appear after a higher one.
  let sent = await position(`${path}.sent`);
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1); // the last one may be half written
  for (const line of lines.slice(sent)) {
    const order = JSON.parse(line);
    // A crash before the next two lines sends the order again. With a key from your own id it is still stored once.
    const key = `order-${order.id}-created`;
    const event = await call('POST', '/v1/events', { event_type: 'order.created', payload: order, idempotency_key: key });
    sent += 1;
    await writeFile(`${path}.sent.new`, String(sent));
    await rename(`${path}.sent.new`, `${path}.sent`);
    console.log(`sent ${key} as ${event.event_id}`);
  }
  console.log(`up to date after ${sent} lines`);
}

await run(() => sync(process.argv[2]));
