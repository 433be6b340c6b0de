import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/**
 * The log receiver of Alertmanager: prints each alert of a notification as one line of JSON, for those that call nobody. Answers 400 what is no
 * notification, which Alertmanager does not repeat. HOST and PORT (9095; 0: any) are where it listens.
 */
const { HOST = '0.0.0.0', PORT = '9095' } = process.env;
const largest = 1024 ** 2;

type Notification = {
  alerts: { status: string; labels: Record<string, string>; annotations: Record<string, string>; startsAt: string; endsAt: string }[];
};

const server = createServer(async (request, response) => {
  try {
    if (Number(request.headers['content-length'] ?? 0) > largest) throw new Error('too large');
    const { alerts } = JSON.parse(await text(request)) as Notification;
    for (const { status, labels, annotations, startsAt, endsAt } of alerts) {
      const { alertname: alert, ...rest } = labels;
      const times = status === 'resolved' ? { startsAt, endsAt } : { startsAt };
      console.log(JSON.stringify({ status, alert, ...rest, summary: annotations.summary, ...times }));
    }
    response.writeHead(204).end();
  } catch (error) {
    console.error(`not a notification: ${(error as Error).message}`);
    response.writeHead(400).end();
  }
});
server.listen(Number(PORT), HOST, () => {
  const address = server.address();
  console.error(`alerts are logged on port ${typeof address === 'object' ? address?.port : address}`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close(() => process.exit(0)));
