/** The three lines that a newcomer copies: they need a shell, curl, grep and head, and nothing from us but what is in them. */
export function curlLines(url: string, apiKey: string): string[] {
  const key = `-H 'X-API-Key: ${apiKey}'`;
  const event = JSON.stringify({ event_type: 'order.created', payload: { order_id: 'A-1001', total: 42.5 } });
  const oldest = `$(curl -sS '${url}/v1/inbox?limit=1' ${key} | grep -o 'evt_[0-9a-f-]*' | head -n 1)`;
  return [
    `curl -sS -w '\\n' -X POST '${url}/v1/events' ${key} -H 'Content-Type: application/json' -d '${event}'`,
    `curl -sS -w '\\n' '${url}/v1/inbox' ${key}`,
    `curl -sS -w '\\n' -X PATCH "${url}/v1/events/${oldest}/acknowledge" ${key}`,
  ];
}

/** Whether the running server takes this key. One that is too busy to look it up has not refused it. */
export async function isAccepted(url: string, apiKey: string | undefined): Promise<boolean> {
  if (!apiKey) return false;
  const { status } = await fetch(`${url}/v1/account`, { headers: { 'X-API-Key': apiKey }, signal: AbortSignal.timeout(5_000) });
  return status !== 401 && status !== 403;
}
