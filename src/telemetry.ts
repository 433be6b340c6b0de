import { tracingSettings } from './config.ts';

/**
 * Switches tracing on, by the environment alone: loaded before the service with `NODE_OPTIONS=--import=./src/telemetry.ts`, and doing nothing without
 * `OTEL_EXPORTER_OTLP_ENDPOINT`, e.g. `http://collector:4318`. Other variables of OpenTelemetry count as its specification has them, such as `OTEL_SERVICE_NAME`
 * and `OTEL_EXPORTER_OTLP_HEADERS`; `OTEL_TRACES_SAMPLER_ARG` is the share of the traces that is recorded, 0.01 by default, when the caller has not decided.
 * The library is loaded only where it is wanted.
 */
const settings = tracingSettings();

if (settings) {
  const [{ startTracing }, { installTracing }] = await Promise.all([import('./platform/otlp-tracing.ts'), import('./platform/tracing.ts')]);
  installTracing(startTracing(settings));
}
