import t from 'tap';
import { onboardingJob } from '../../../src/modules/onboarding/job.ts';
import { createWorld } from './world.ts';

t.test('the job delivers what is due, and logs it without a secret', async (t) => {
  const world = await createWorld(t);
  const acme = await world.addPartner('acme');
  await world.enqueue(acme);
  world.slack.fail('conversations.create', { error: 'missing_scope' });
  const lines: string[] = [];
  const note = (level: string) => (fields: object, message: string) => lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const [job] = onboardingJob({
    db: world.db,
    clock: () => world.now,
    vault: world.vault,
    settings: world.settings,
    log: { info: note('info'), warn: note('warn') },
  });
  t.match(job, { name: 'onboarding', schedule: '* * * * *' });
  await job?.run();
  t.match(lines, [
    /^warn an onboarding step was not delivered .*missing_scope; give the app/,
    /^info an onboarding step is done .*welcome_email/,
  ]);
  t.equal(world.smtp.received.length, 1);
  t.notMatch(lines.join('\n'), acme.key);
  t.notMatch(lines.join('\n'), world.slack.token);
});

t.test('told that the process ends, the job finishes the delivery that is under way and begins no other', async (t) => {
  const world = await createWorld(t);
  for (const slug of ['acme', 'globex']) await world.enqueue(await world.addPartner(slug));
  const [job] = onboardingJob({
    db: world.db,
    clock: () => world.now,
    vault: world.vault,
    settings: { ...world.settings, SLACK_BOT_TOKEN: undefined },
    log: { info() {}, warn() {} },
  });
  const ending = new AbortController();
  world.smtp.hold = async () => ending.abort();
  await job?.run(ending.signal);
  t.match(
    [await world.step('welcome_email', 'acme'), await world.step('welcome_email', 'globex')],
    [{ status: 'done' }, { status: 'pending', attempts: 0 }],
  );
  t.equal(world.smtp.received.length, 1);
});

t.test('there is no job where nothing is configured, and a warning where too little is', async (t) => {
  const world = await createWorld(t);
  const warnings: string[] = [];
  const jobsWith = (settings: object) =>
    onboardingJob({
      db: world.db,
      clock: () => world.now,
      vault: undefined,
      settings,
      log: { info() {}, warn: (_fields, message) => warnings.push(message) },
    });
  t.same(jobsWith({ PUBLIC_URL: 'https://api.test.example', GUIDE_URL: 'https://guide.test.example' }), []);
  t.same(warnings, []);
  t.match(jobsWith({ SMTP_URL: world.smtp.url }), [{ name: 'onboarding' }]);
  t.same(warnings, ['no welcome mail is sent: MAIL_FROM and PUBLIC_URL are not set']);
  t.throws(() => jobsWith({ SMTP_URL: world.smtp.url, MAIL_FROM: 'nobody', PUBLIC_URL: 'https://api.test.example' }), {
    message: /^MAIL_FROM/,
  });
});
