import type { FastifyInstance } from 'fastify';

/** Every route of the app as `METHOD /path`, read from the router itself, so that no route can be forgotten. */
export function routeTable(app: FastifyInstance): string[] {
  const routes: string[] = [];
  const parents: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent, part, methods] = /^([│ ]*)[├└]── (\S+) \(([A-Z, ]+)\)$/.exec(line) ?? [];
    if (indent === undefined || part === undefined || methods === undefined) {
      if (line.trim() !== '') throw new Error(`not understood in the router's print: ${line}`);
      continue;
    }
    const depth = indent.length / 4;
    parents[depth] = (depth === 0 ? '' : (parents[depth - 1] ?? '')) + part;
    for (const method of methods.split(', ')) routes.push(`${method} ${parents[depth]}`);
  }
  return routes;
}
