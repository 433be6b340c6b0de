import type { Command } from 'commander';

/** How each command is called; they stand before its help. */
const examples: Record<string, readonly string[]> = {
  status: ['triggers status', 'triggers status --json | jq .usage.monthly.remaining'],
  send: [
    `triggers send order.created --data '{"order_id":"order_001","amount":99.99}'`,
    'triggers send order.created --file order.json --idempotency-key order_001-created',
    `jq -c '.[]' orders.json | triggers send order.created --batch --idempotency-key import-7`,
    'triggers send --batch --file events.jsonl',
  ],
  listen: [
    'triggers listen',
    `triggers listen --event-type 'order.*' --forward-to http://localhost:3000/hook`,
    'triggers listen --forward-to http://localhost:3000/hook --acknowledge',
    'triggers listen --since 10m --max-events 1 --json',
  ],
  inbox: ['triggers inbox', `triggers inbox --event-type 'order.*' --limit 100`, 'triggers inbox --wait 30 --json'],
  show: ['triggers show evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a'],
  ack: [
    'triggers ack evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a',
    `triggers inbox --event-type test.ping | cut -f 1 | triggers ack -`,
    'triggers ack --all --event-type test.ping',
  ],
  replay: [
    'triggers replay evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a',
    'triggers replay --from 2h --event-type order.created --dry-run',
    'triggers replay --from 2026-11-24T00:00:00Z --to 2026-11-25T00:00:00Z --status any',
  ],
  usage: ['triggers usage', 'triggers usage --json | jq .limits.event_bytes'],
  login: ['triggers login --url https://api.example.com', 'triggers login --profile staging --url https://staging.example.com < key.txt'],
  logout: ['triggers logout --profile staging'],
  completion: ['source <(triggers completion bash)', 'triggers completion fish > ~/.config/fish/completions/triggers.fish'],
};

/** Puts them before the help of the program, one of each, and of its commands. To be called when all commands are there. */
export function addExamples(program: Command): void {
  const first = ['status', 'send', 'listen', 'inbox', 'ack'].map((name) => examples[name]?.at(name === 'listen' ? 1 : 0) ?? '');
  program.addHelpText('before', textOf(first));
  for (const command of program.commands) {
    const own = examples[command.name()];
    if (own) command.addHelpText('before', textOf(own));
  }
}

function textOf(lines: readonly string[]): string {
  return `Examples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
