import { pathToFileURL } from 'node:url';
import t from 'tap';
import { readGuide } from '../../../src/modules/onboarding/guide.ts';
import { openIntegrations } from '../../../src/modules/onboarding/integrations.ts';

const publicUrl = 'https://api.test.example';

t.test('the guide of a partner names its API, and its links lead somewhere', async (t) => {
  const file = pathToFileURL(
    `${t.testdir({ 'guide.md': 'curl https://api.example.com/v1\n[leases](leases.md), [errors](#errors), [RFC](https://rfc.example/1)\n' })}/guide.md`,
  );
  t.equal(
    await readGuide({ publicUrl, pageUrl: 'https://guide.test.example/docs/getting-started', file }),
    'curl https://api.test.example/v1\n[leases](https://guide.test.example/docs/leases.md), [errors](#errors), [RFC](https://rfc.example/1)\n',
  );
  t.equal(
    await readGuide({ publicUrl, pageUrl: undefined, file }),
    'curl https://api.test.example/v1\nleases, [errors](#errors), [RFC](https://rfc.example/1)\n',
  );
});

t.test('an installation without the guide says so', async (t) => {
  const file = pathToFileURL(`${t.testdir()}/none.md`);
  await t.rejects(readGuide({ publicUrl, pageUrl: undefined, file }), {
    outcome: 'permanent',
    message: /getting-started.md cannot be read \(ENOENT\)/,
  });
});

t.test('what partners are linked to is the URL of a page', (t) => {
  t.throws(() => openIntegrations({ GUIDE_URL: 'javascript:alert(1)' }, undefined), { message: 'GUIDE_URL is not the URL of a page' });
  t.throws(() => openIntegrations({ PUBLIC_URL: 'api.example.com' }, undefined), { message: 'PUBLIC_URL is not the URL of a page' });
  t.match(openIntegrations({ PUBLIC_URL: 'https://api.test.example//' }, undefined), {
    publicUrl,
    guideUrl: 'https://api.test.example/docs',
    mail: undefined,
    slack: undefined,
    missing: { mail: 'SMTP_URL and MAIL_FROM are not set', slack: 'SLACK_BOT_TOKEN is not set' },
  });
  t.end();
});
