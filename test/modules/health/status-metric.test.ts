import t from 'tap';
import { startTestApp } from '../../helper/app.ts';

t.test('api_health_status says at each scrape what the health answer says', async (t) => {
  const { app, request } = await startTestApp(t);
  const status = async () => /^api_health_status(?:\{[^}]*\})? (\S+)$/m.exec(await app.metrics.registry.metrics())?.[1];
  t.equal((await request('GET', '/v1/health')).status, 200);
  t.equal(await status(), '1');
  app.beginDrain();
  t.equal((await request('GET', '/v1/health')).status, 503);
  t.equal(await status(), '0');
});

t.test('api_serving is 1 while events can be stored, whether or not all is well', async (t) => {
  const { app } = await startTestApp(t, { REDIS_URL: 'redis://127.0.0.1:1' });
  const figures = async () => {
    const text = await app.metrics.registry.metrics();
    const figure = (name: string) => new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1];
    return { serving: figure('api_serving'), healthy: figure('api_health_status') };
  };
  t.same(await figures(), { serving: '1', healthy: '0' }, 'without Redis it serves all the same');
  app.beginDrain();
  t.same(await figures(), { serving: '0', healthy: '0' });
});

t.test('the size of each pool is reported, for utilisation to be a part of it', async (t) => {
  const { app } = await startTestApp(t, { WRITE_POOL_SIZE: 3, READ_POOL_SIZE: 5 });
  const text = await app.metrics.registry.metrics();
  const size = (pool: string) => new RegExp(`^postgres_pool_max_connections\\{pool="${pool}"[^}]*\\} (\\d+)$`, 'm').exec(text)?.[1];
  t.same([size('write'), size('read')], ['3', '5']);
});
