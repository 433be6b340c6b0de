/**
 * Who is scraped: the `job` label, and where the Compose stack has it. Ports are those that the exporters have by default. Of `public` it is the prober, which asks
 * the addresses in prometheus/probes.
 */
export const scrapeJobs = {
  api: { job: 'triggers-api', target: 'api:9464' },
  postgres: { job: 'postgres', target: 'postgres-exporter:9187' },
  redis: { job: 'redis', target: 'redis-exporter:9121' },
  node: { job: 'node', target: 'node-exporter:9100' },
  public: { job: 'public', target: 'blackbox-exporter:9115' },
  prometheus: { job: 'prometheus', target: '127.0.0.1:9090' },
  alertmanager: { job: 'alertmanager', target: 'alertmanager:9093' },
} as const;
