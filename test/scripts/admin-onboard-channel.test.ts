import t from 'tap';
import { setUp } from './onboard-process.ts';

const named = (slack_channel: string) => ({ fields: { contact_email: 'a@partner.example', slack_channel } });

t.test('a channel that somebody else has made is taken when it is approved, and a person invites the contact', async (t) => {
  const { world, run, json } = await setUp(t);
  await world.addPartner('acme', named('#acme-partners'));
  world.slack.addChannel({ name: 'acme-partners' });
  const { code, messages } = await run(['acme']);
  t.equal(code, 1);
  t.match(
    messages,
    /^acme slack_channel: #acme-partners was there before.*: onboard acme --adopt-channel\nacme slack_welcome: there is no channel\n$/,
  );
  t.match((await json(['status', 'acme'])).records, [
    { step: 'slack_channel', status: 'failed', channel: 'acme-partners', adopt_channel: false },
    { step: 'slack_welcome', channel: null, adopt_channel: null },
    {},
  ]);
  t.match(await run(['acme', '--adopt-channel']), {
    code: 0,
    messages: [
      'acme: #acme-partners is taken even if somebody else has made it',
      'acme: invite the contact to the channel yourself (it was there before; see who is in it first)',
      '',
    ].join('\n'),
  });
  t.match(world.slack.channels, [{ messages: [{}], invited: [] }]);
  t.match((await json(['status', 'acme'])).records[0], { status: 'done', adopt_channel: true });
  t.match(await run(['acme', '--adopt-channel']), { code: 0, messages: /^--adopt-channel changes nothing for "acme"/ });
});

t.test('two partners with one channel: the second is refused with the name of the first, and the others go on', async (t) => {
  const { world, run, json } = await setUp(t);
  for (const [slug, channel] of [
    ['acme', '#shared'],
    ['globex', '#Shared'],
    ['initech', '#initech'],
  ] as const)
    await world.addPartner(slug, named(channel));
  const problems = [
    { step: 'slack_channel', problem: '#shared is the channel of acme; give the partner a slack_channel of its own', next_try: null },
  ];
  const expected = {
    code: 4,
    records: [
      { partner: 'acme', problems: [] },
      { partner: 'globex', slack_channel: 'none', slack_welcome: 'none', welcome_email: 'none', kickoff: null, problems },
      { partner: 'initech', problems: [] },
    ],
  };
  t.match(await json(['--all', '--dry-run']), expected, 'as a dry run foresees');
  const { code, records } = await json(['--all']);
  t.match({ code, records }, expected);
  t.match(records, [{ welcome_email: 'done' }, {}, { slack_channel: 'done', welcome_email: 'done' }]);
  t.match(await run(['globex']), {
    code: 4,
    out: /globex +none +none +none +-\n/,
    messages: /^globex slack_channel: #shared is the channel of acme/,
  });
  t.match(await json(['globex', '--detach']), { code: 4, records: [{ problems }] });
  t.same(
    world.smtp.received.map(({ mail }) => mail.messageId),
    ['<welcome.beta_000001@example.com>', '<welcome.beta_000003@example.com>'],
  );
});
