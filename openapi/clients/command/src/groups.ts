/** What goes together at most: as many events as one request takes. */
const most = 500;
/** Milliseconds for which the items of a slow producer wait for more. */
const lingerMs = 200;

/** Groups of what comes: as many as may be together, or what came in a while. */
export async function* together<Item>(items: AsyncGenerator<Item>): AsyncGenerator<Item[]> {
  let group: Item[] = [];
  let next = items.next();
  try {
    for (;;) {
      const got = group.length === 0 ? await next : await sooner(next, lingerMs);
      if (got === undefined || got.done || group.length === most) {
        if (group.length > 0) yield group;
        group = [];
      }
      if (got === undefined) continue;
      if (got.done) return;
      group.push(got.value);
      next = items.next();
      next.catch(() => {}); // its failure is met when it is awaited
    }
  } finally {
    // Not awaited: it ends when the item that is being waited for has come, which may be never.
    items.return(undefined).catch(() => {});
  }
}

/** What `promise` gives; undefined when it takes longer than `ms`. */
async function sooner<Value>(promise: Promise<Value>, ms: number): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
