import { pathToFileURL } from 'node:url';
import t from 'tap';
import { readGuide } from '../../../src/modules/onboarding/guide.ts';
import { openIntegrations } from '../../../src/modules/onboarding/integrations.ts';

const publicUrl = 'https://api.test.example';

t.test('the guide of a partner names its API, and its links lead somewhere', async (t) => {
  const written = [
    'curl https://api.example.com/v1',
    '[leases](leases.md), [a pattern](patterns.md#poll), [a sample](samples/a.py), [errors](#errors)',
    '[the reference](/docs), [RFC](https://rfc.example/1), [a file](../openapi/postman.json)',
  ];
  const file = pathToFileURL(`${t.testdir({ 'guide.md': written.join('\n') })}/guide.md`);
  t.same((await readGuide({ publicUrl, pageUrl: 'https://guide.test.example/guide/getting-started', file })).split('\n'), [
    'curl https://api.test.example/v1',
    '[leases](https://guide.test.example/guide/leases), [a pattern](https://guide.test.example/guide/patterns#poll), [a sample](https://guide.test.example/guide/samples/a.py), [errors](#errors)',
    '[the reference](https://api.test.example/docs), [RFC](https://rfc.example/1), a file',
  ]);
});

t.test('an installation without the guide says so', async (t) => {
  const file = pathToFileURL(`${t.testdir()}/none.md`);
  await t.rejects(readGuide({ publicUrl, pageUrl: 'https://guide.test.example/', file }), {
    outcome: 'permanent',
    message: /getting-started.md cannot be read \(ENOENT\)/,
  });
});

t.test('what partners are linked to is the URL of a page', (t) => {
  t.throws(() => openIntegrations({ GUIDE_URL: 'javascript:alert(1)' }, undefined), { message: 'GUIDE_URL is not the URL of a page' });
  t.throws(() => openIntegrations({ PUBLIC_URL: 'api.example.com' }, undefined), { message: 'PUBLIC_URL is not the URL of a page' });
  t.match(openIntegrations({ PUBLIC_URL: 'https://api.test.example//' }, undefined), {
    publicUrl,
    guideUrl: 'https://api.test.example/guide/getting-started',
    mail: undefined,
    slack: undefined,
    missing: { mail: 'SMTP_URL and MAIL_FROM are not set', slack: 'SLACK_BOT_TOKEN is not set' },
  });
  t.end();
});
