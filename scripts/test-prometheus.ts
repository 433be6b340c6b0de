import { installPackages, mayInstall, pathOf } from './test-packages.ts';

/** Programs of the tests of rules, alerts and dashboards: the variable that names each, and what it may be called on the PATH. */
const programs = {
  TEST_PROMTOOL: ['promtool'],
  TEST_AMTOOL: ['amtool'],
  TEST_PROMETHEUS: ['prometheus'],
  // Debian's name, and the project's own.
  TEST_ALERTMANAGER: ['prometheus-alertmanager', 'alertmanager'],
  TEST_NODE_EXPORTER: ['prometheus-node-exporter', 'node_exporter'],
  TEST_POSTGRES_EXPORTER: ['prometheus-postgres-exporter', 'postgres_exporter'],
  TEST_REDIS_EXPORTER: ['prometheus-redis-exporter', 'redis_exporter'],
};

const exporters = ['node', 'postgres', 'redis'];
const packages = ['prometheus', 'prometheus-alertmanager', ...exporters.map((name) => `prometheus-${name}-exporter`)];
const formulas = ['prometheus', 'alertmanager', ...exporters.map((name) => `${name}_exporter`)];

const missingText = (missing: string[]) => `There is no ${missing.join(', ')} for the tests of alerts and dashboards. One of these helps:
  - install Prometheus, Alertmanager and their exporters (Debian: sudo apt-get install ${packages.join(' ')}; macOS: brew install ${formulas.join(' ')})
  - set ${Object.keys(programs).join(', ')} to the programs`;

/**
 * Paths of the programs of Prometheus, Alertmanager and the exporters, as the environment of the tests: those given, else those on the PATH, else Debian's packages when we may
 * install them.
 * @throws Error that says what to do when there is no way.
 */
export function findPrometheus(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const names = Object.keys(programs) as (keyof typeof programs)[];
  const find = () => Object.fromEntries(names.map((name) => [name, env[name] || programs[name].map(pathOf).find(Boolean) || '']));
  let found = find();
  if (Object.values(found).includes('') && mayInstall()) {
    installPackages(packages, missingText(packages));
    found = find();
  }
  const missing = names.filter((name) => !found[name]).map((name) => programs[name][0] as string);
  if (missing.length > 0) throw new Error(missingText(missing));
  return found;
}
