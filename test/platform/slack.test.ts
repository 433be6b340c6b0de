import t, { type Test } from 'tap';
import { DeliveryError } from '../../src/platform/delivery-error.ts';
import { createSlack, type Slack } from '../../src/platform/slack.ts';
import { type Fault, startSlack } from '../helper/slack.ts';

async function setUp(t: Test, { token, timeoutMs }: { token?: string; timeoutMs?: number } = {}) {
  const double = await startSlack(t);
  return { double, slack: createSlack({ token: token ?? double.token, apiUrl: double.url, timeoutMs }) };
}

async function failureOf(work: Promise<unknown>): Promise<DeliveryError> {
  const error = await work.then(
    () => new Error('it was done'),
    (error) => error,
  );
  if (!(error instanceof DeliveryError)) throw error;
  return error;
}

const mark = { event: 'welcome', payload: { partner_id: 'beta_000001' } };

t.test('a channel is made, named, talked in, and found again', async (t) => {
  const { double, slack } = await setUp(t);
  const channel = await slack.createChannel('acme-beta');
  t.match(channel, { name: 'acme-beta', isMember: true, isArchived: false, topic: '', creator: await slack.ownUserId() });
  if (channel === 'name_taken') throw new Error('it is new');
  await slack.setTopic(channel.id, 'topic');
  t.match(double.channels, [{ name: 'acme-beta', topic: 'topic' }]);
  t.equal(await slack.createChannel('acme-beta'), 'name_taken');
  for (const name of ['b', 'c', 'd', 'e']) double.addChannel({ name });
  t.match(await slack.findChannel('e'), { name: 'e', isMember: false, creator: 'U0000JANE', createdMs: /^\d{13}$/ }, 'on the third page');
  t.equal(await slack.findChannel('nobody'), undefined);
  await slack.joinChannel(double.channels[4]?.id as string);
  t.match(await slack.findChannel('e'), { isMember: true });
});

t.test('a message is found by its mark, on any page, and not by the mark of another', async (t) => {
  const { double, slack } = await setUp(t);
  const { id } = double.addChannel({ name: 'a', isMember: true });
  t.equal(await slack.findMessage(id, mark, 0), undefined);
  const ts = await slack.post(id, 'welcome', mark);
  for (const other of ['1', '2', '3', '4', '5']) await slack.post(id, other, { ...mark, payload: { partner_id: other } });
  t.equal(await slack.findMessage(id, mark, 0), ts);
  t.equal(await slack.findMessage(id, { ...mark, event: 'other' }, 0), undefined);
  t.equal(await slack.findMessage(id, mark, Date.now() + 60_000), undefined, 'too old');
});

t.test('what repeating may mend is told from what it does not', async (t) => {
  const { double, slack } = await setUp(t);
  const cases: [Fault, 'retry' | 'permanent', RegExp][] = [
    [{ status: 500, body: 'oops' }, 'retry', /HTTP 500$/],
    [{ status: 404, body: '<html>' }, 'permanent', /HTTP 404; is SLACK_API_URL right\?/],
    [{ status: 429 }, 'retry', /did not answer/],
    [{ status: 200, body: '<html>not JSON</html>' }, 'retry', /with something else$/],
    [{ status: 200, body: '{"ok":true}' }, 'retry', /with something else$/],
    [{ status: 200, body: '{}' }, 'retry', /with something else$/],
    [{ status: 200, body: 'null' }, 'retry', /did not answer/],
    [{ status: 302, headers: { location: '/elsewhere' } }, 'retry', /did not answer/],
    [{ error: 'internal_error' }, 'retry', /refused conversations.create: internal_error$/],
    [{ error: 'invalid_auth' }, 'permanent', /invalid_auth; SLACK_BOT_TOKEN is not a token/],
    [{ error: 'missing_scope', members: { needed: 'channels:manage' } }, 'permanent', /missing_scope; give the app channels:manage/],
    [{ error: 'invalid_name_specials' }, 'permanent', /: invalid_name_specials$/],
    ['drop', 'retry', /did not answer/],
  ];
  for (const [fault, outcome, message] of cases) {
    double.fail('conversations.create', fault);
    const before = double.calls.length;
    t.match(await failureOf(slack.createChannel('acme')), { outcome, message, retryAfterMs: undefined }, JSON.stringify(fault));
    t.equal(double.calls.length, before + 1, 'it is tried once');
  }
});

t.test('being asked to wait is told with the time, to the second', async (t) => {
  const { double, slack } = await setUp(t);
  double.fail('conversations.create', { status: 429, headers: { 'retry-after': '37' } });
  t.match(await failureOf(slack.createChannel('acme')), { outcome: 'retry', retryAfterMs: 37_000 });
  double.fail('conversations.create', { status: 429, headers: { 'retry-after': '99999999' } });
  t.match(await failureOf(slack.createChannel('acme')), { retryAfterMs: 86_400_000 }, 'a day at most');
  for (const none of ['0', '-5']) {
    double.fail('conversations.create', { status: 429, headers: { 'retry-after': none } });
    t.match(await failureOf(slack.createChannel('acme')), { retryAfterMs: 1_000, message: /asks to wait 1 s/ }, 'a second at least');
  }
});

t.test('pages that do not end are an error, and no loop', async (t) => {
  const { double, slack } = await setUp(t);
  const page = (next_cursor: string) => ({
    status: 200,
    body: JSON.stringify({ ok: true, channels: [], messages: [], response_metadata: { next_cursor } }),
  });
  double.fail('conversations.list', ...Array(10).fill(page('again')));
  t.match(await failureOf(slack.findChannel('acme')), {
    outcome: 'retry',
    message: /pages of conversations.list do not end \(2 were read\)/,
  });
  t.equal(double.calls.length, 2);
  double.fail('conversations.history', ...Array.from({ length: 100 }, (_, index) => page(`${index}`)));
  t.match(await failureOf(slack.findMessage('C1', mark, 0)), { outcome: 'retry', message: /\(20 were read\)/ });
  t.equal(double.calls.length, 22);
});

t.test('no answer in time is an error, and no hang', async (t) => {
  const { double, slack } = await setUp(t, { timeoutMs: 50 });
  double.fail('conversations.create', 'hang');
  t.match(await failureOf(slack.createChannel('acme')), {
    outcome: 'retry',
    message: /did not answer conversations.create \(TimeoutError\)/,
  });
});

t.test('neither an error nor the console holds the token, even where the service says it', async (t) => {
  const token = 'xoxb-secret-token';
  const { double, slack } = await setUp(t, { token });
  const printed = t.capture(process.stdout, 'write', () => true);
  const printedErrors = t.capture(process.stderr, 'write', () => true);
  const faults: Fault[] = [
    { error: token },
    { status: 500, body: token },
    { status: 200, body: `garbage ${token}` },
    { status: 429, headers: { 'retry-after': token } },
    { error: 'fatal_error', members: { response_metadata: { messages: [`[ERROR] ${token}`], warnings: [token] } } },
  ];
  for (const fault of faults) {
    double.fail('chat.postMessage', fault);
    const error = await failureOf((slack as Slack).post('C1', 'text', mark));
    t.notMatch(`${error.stack} ${JSON.stringify(error)} ${error.cause}`, token);
  }
  t.match(await failureOf(slack.createChannel('acme')), { message: /invalid_auth/ }, 'the double knows another one');
  t.notMatch(JSON.stringify([printed(), printedErrors()]), token);
});
