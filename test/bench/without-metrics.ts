import { registerHooks } from 'node:module';

/**
 * Preloaded into a server, for the benchmark of what metrics cost: what counts is replaced by what does nothing. The service itself has no such switch.
 * Everything of the same shape is kept, so that the rest of the server cannot tell.
 */
const silent = new Map([
  [
    '/src/platform/metrics.ts',
    `const metric = { inc() {}, set() {}, reset() {}, remove() {}, observe() {}, labels: () => metric };
     const registry = { metrics: async () => '', contentType: 'text/plain' };
     const metrics = new Proxy({ registry, watch() {} }, { get: (known, name) => known[name] ?? metric });
     export const createMetrics = () => metrics;
     export const watchQueue = () => () => {};
     export const watchPools = () => {};`,
  ],
  ['/src/platform/partner-activity.ts', 'export class PartnerActivity { answered() {} events() {} watch() {} }'],
  ['/src/pipeline/auth/suspicion.ts', 'export const suspiciousPatterns = []; export class Suspicion { seen() {} failed() {} }'],
  [
    '/src/pipeline/observe.ts',
    `export const observe = async (app) => { app.decorate('requestStats', { requestsTotal: 0, errorsTotal: 0, p95LatencyMs: () => 0 }); };
     observe[Symbol.for('skip-override')] = true;`,
  ],
]);

registerHooks({
  load(url, context, nextLoad) {
    for (const [file, source] of silent) if (url.endsWith(file)) return { format: 'module', source, shortCircuit: true };
    return nextLoad(url, context);
  },
});
