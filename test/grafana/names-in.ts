/** Names in an expression that are metrics or recording rules: with a colon or an underscore, and no function, label or string. */
export function namesIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, '');
  return [...bare.matchAll(/[a-zA-Z][\w:]*(?![\w(:])/g)]
    .map(([name]) => name)
    .filter((name) => /[_:]/.test(name) || name === 'up' || name === 'ALERTS');
}
