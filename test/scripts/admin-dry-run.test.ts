import t from 'tap';
import { createPartner } from '../../src/modules/partners/store.ts';
import { wholeTables } from '../modules/partners/means.ts';
import { setUpImport } from './import-setup.ts';

t.test('--dry-run of what destroys says what would be done, asks nobody, and changes nothing', async (t) => {
  const { db, json, run } = await setUpImport(t);
  await createPartner(db, { slug: 'acme' });
  const { api_key, ...key } = await json('keys', 'issue', 'acme', '--class', 'live', '--scopes', 'inbox:read');
  const before = await wholeTables(db);

  const revoke = ['keys', 'revoke', key.key_prefix, '--dry-run'];
  t.match(await run(...revoke), {
    code: 0,
    out: '',
    messages: /^sk_live_acme_\w{6}… of acme \(active\) would be revoked; nothing was done\n$/,
  });
  t.same(await json(...revoke), { dry_run: true, ...key });

  const suspend = ['partners', 'suspend', 'acme', '--dry-run'];
  t.match(await run(...suspend), { code: 0, out: '', messages: 'acme would be suspended; nothing was done\n' });
  t.match(await json(...suspend), { dry_run: true, slug: 'acme', status: 'active' });

  const rotate = ['keys', 'rotate', '1', '--dry-run', '--grace', '0'];
  t.match(await run(...rotate), {
    code: 0,
    out: '',
    messages: /^a key like 1 of acme would be made, .* good until .*Z; nothing was done\n$/,
  });
  const planned = await json(...rotate);
  t.match(planned, {
    dry_run: true,
    api_key: null,
    key_id: null,
    class: 'live',
    scopes: ['inbox:read'],
    old_key: { key_id: 1, valid_until: /Z$/ },
  });

  t.match(await run('keys', 'revoke', '99', '--dry-run'), { code: 3 });
  t.match(await run('partners', 'suspend', 'nobody', '--dry-run'), { code: 3 });
  t.same(await wholeTables(db), before);

  const done = await json('keys', 'rotate', '1', '--grace', '1h');
  t.same(Object.keys(planned).sort(), Object.keys(done).sort(), 'with the names of the real run');
  t.match(done, { dry_run: false, key_id: 2 });
  t.match(await run('keys', 'rotate', '1', '--dry-run'), { code: 4, out: '', messages: /was rotated before: rotate the key 2/ });
  t.match(await json('keys', 'revoke', '1', '--yes'), { dry_run: false, status: 'revoked' });
  t.match(await run('keys', 'rotate', '1', '--dry-run'), { code: 4, messages: /is no longer good/ });
  t.match(await run('keys', 'revoke', '1', '--dry-run'), { code: 0, messages: /is revoked already/ });
  t.match(await json('partners', 'suspend', 'acme', '--yes'), { dry_run: false, status: 'suspended' });
  t.match(await run('partners', 'suspend', 'acme', '--dry-run'), { code: 0, messages: /is suspended already/ });
});
