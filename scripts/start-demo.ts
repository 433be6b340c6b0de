/**
 * The three lines that a newcomer copies: they need a shell, curl, grep and head, and nothing from us but what is in them. Their event has a type of its
 * own, and they ask for that alone: in an inbox that is in use they acknowledge no event of somebody's work.
 */
export function curlLines(url: string, apiKey: string): string[] {
  const key = `-H 'X-API-Key: ${apiKey}'`;
  const event = JSON.stringify({ event_type: 'quickstart.order', payload: { order_id: 'A-1001', total: 42.5 } });
  const inbox = `${url}/v1/inbox?event_type=quickstart.*`;
  const sent = `$(curl -sS '${inbox}&limit=1' ${key} | grep -o 'evt_[0-9a-f-]*' | head -n 1)`;
  return [
    `curl -sS -w '\\n' -X POST '${url}/v1/events' ${key} -H 'Content-Type: application/json' -d '${event}'`,
    `curl -sS -w '\\n' '${inbox}' ${key}`,
    `curl -sS -w '\\n' -X PATCH "${url}/v1/events/${sent}/acknowledge" ${key}`,
  ];
}

/** Whether the running server takes this key. One that is too busy to look it up has not refused it. */
export async function isAccepted(url: string, apiKey: string | undefined): Promise<boolean> {
  if (!apiKey) return false;
  const { status } = await fetch(`${url}/v1/account`, { headers: { 'X-API-Key': apiKey }, signal: AbortSignal.timeout(5_000) });
  return status !== 401 && status !== 403;
}
