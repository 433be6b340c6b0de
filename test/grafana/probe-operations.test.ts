import t from 'tap';
import { probeOperations } from '../../grafana/src/model.ts';
import { startTestApp } from '../helper/app.ts';
import { routeTable } from '../pipeline/route-table.ts';

t.test('what is answered without a key is a probe or a page, and in no ratio of the service', async (t) => {
  const { app, request } = await startTestApp(t);
  const routes = routeTable(app);
  t.ok(routes.length > 30, `${routes.length} routes`);
  for (const route of [...routes, 'GET /not/there', 'PUT /v1/events']) {
    const [method, path] = route.split(' ') as [string, string];
    await request(method, path.replaceAll(/:\w+|\*/g, 'x'));
  }
  const requests = await app.metrics.requests.get();
  const answered = requests.values.filter(({ labels }) => String(labels.status) !== '401');
  t.same([...new Set(answered.map(({ labels }) => labels.operation))].sort(), [...probeOperations].sort());
});
