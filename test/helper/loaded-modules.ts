import { createRequire } from 'node:module';

/**
 * Preloaded into a server: says at its end how many files of OpenTelemetry it has loaded, but for the API's, which prom-client loads for itself. The packages are
 * CommonJS, so Node's cache of those knows.
 */
const { cache } = createRequire(import.meta.url);
process.once('exit', () => {
  const files = Object.keys(cache).filter((file) => /\/@opentelemetry\/(?!api\/)|\/@fastify\/otel\//.test(file));
  console.log(`opentelemetry modules: ${files.length}`);
});
