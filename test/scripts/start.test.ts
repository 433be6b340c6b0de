import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { envFile, freePorts, localFolder, modeOf, processesOf, root, StartProcess, shell, stillRunning } from './start-process.ts';

const isRoot = process.getuid?.() === 0;
const ourselves = { uid: process.getuid?.(), gid: process.getgid?.() };
const nobody = { uid: 65534, gid: 65534 };
const nobodyCanReadUs = isRoot && spawnSync('test', ['-r', path.join(root, 'package.json')], { cwd: '/', ...nobody }).status === 0;

for (const account of nobodyCanReadUs ? [ourselves, nobody] : [ourselves]) {
  t.test(`user ${account.uid} gets three curl lines that work as printed, and SIGTERM leaves nothing running`, async (t) => {
    const local = await localFolder(t, { uid: account.uid });
    const start = new StartProcess(t, { LOCAL_DIR: local, ...(await freePorts()) }, account);
    const { curlLines, apiKey } = await start.ready();
    t.equal(curlLines.length, 3);
    const url = envFile(local, 'demo.env').API_URL;
    const headers = { 'X-API-Key': apiKey ?? '', 'Content-Type': 'application/json' };
    await fetch(`${url}/v1/events`, { method: 'POST', headers, body: '{"event_type":"order.created","payload":{}}' });
    const [sent, listed, acknowledged] = [
      await shell(curlLines[0] ?? ''),
      await shell(curlLines[1] ?? ''),
      await shell(curlLines[2] ?? ''),
    ];
    const { event_id, status } = JSON.parse(sent);
    t.equal(status, 'accepted');
    t.match(JSON.parse(listed), { count: 1, events: [{ event_id, event_type: 'quickstart.order' }] });
    t.match(JSON.parse(acknowledged), { event_id, status: 'acknowledged' });
    const left = await (await fetch(`${url}/v1/inbox`, { headers })).json();
    t.match(left, { count: 1, events: [{ event_type: 'order.created' }] }, 'an older event of somebody else is left alone');

    const demo = envFile(local, 'demo.env');
    t.equal(demo.API_KEY, apiKey);
    t.equal((await fetch(`${demo.API_URL}/v1/inbox`, { headers: { 'X-API-Key': demo.API_KEY ?? '' } })).status, 200);
    t.same([await modeOf(local, 'demo.env'), await modeOf(local, 'server.env')], ['600', '600']);

    const processes = await processesOf(local);
    t.equal(processes.length, 2);
    t.same(stillRunning(processes), processes);
    t.equal(await start.stop('SIGTERM'), 0);
    t.same(stillRunning(processes), []);
  });
}

t.test('a start goes on with the data and the key of the one before, even one that was killed', async (t) => {
  const local = await localFolder(t);
  const env = { LOCAL_DIR: local, ...(await freePorts()) };
  const first = new StartProcess(t, env);
  const { curlLines, apiKey } = await first.ready();
  const { event_id } = JSON.parse(await shell(curlLines[0] ?? ''));

  await t.test('a second one in the same folder is refused and does no harm', async (t) => {
    const other = new StartProcess(t, { ...env, ...(await freePorts()) });
    t.equal(await other.exited, 1);
    t.match(other.output, /in use by a start that is running .*LOCAL_DIR/);
  });

  await t.test('one on the same port is refused and leaves nothing running', async (t) => {
    const elsewhere = await localFolder(t);
    const other = new StartProcess(t, { ...env, LOCAL_DIR: elsewhere });
    t.equal(await other.exited, 1);
    t.match(other.output, new RegExp(`port ${env.PORT} is in use .* set PORT`));
    t.notOk(existsSync(path.join(elsewhere, 'running.json')));
  });

  await t.test('another folder and other ports run beside it', async (t) => {
    const beside = new StartProcess(t, { LOCAL_DIR: await localFolder(t), ...(await freePorts()) });
    const { curlLines } = await beside.ready();
    t.match(JSON.parse(await shell(curlLines[1] ?? '')), { count: 0 });
    t.equal(await beside.stop('SIGTERM'), 0);
  });

  const left = await processesOf(local);
  await first.stop('SIGKILL');
  t.same(stillRunning(left), left);
  const second = new StartProcess(t, env);
  t.equal((await second.ready()).apiKey, apiKey);
  t.same(stillRunning(left), [], 'what the killed one had left is ended');
  t.match(JSON.parse(await shell(curlLines[1] ?? '')), { count: 1, events: [{ event_id }] });
  t.equal(await second.stop('SIGINT'), 0);

  const third = new StartProcess(t, env);
  t.equal((await third.ready()).apiKey, apiKey);
  t.equal(await third.stop('SIGTERM'), 0);
});
