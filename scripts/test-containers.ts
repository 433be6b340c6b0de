import type { Service } from './test-services.ts';

// testcontainers is loaded only when it is used: it costs half a second.

/** A throwaway postgres:18. @throws Error when Docker does not answer. */
export async function startPostgresContainer(): Promise<Service> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer('postgres:18')
    .withEnvironment({ POSTGRES_PASSWORD: 'test' })
    .withCommand(['-c', 'fsync=off', '-c', 'full_page_writes=off', '-c', 'max_connections=300'])
    .withExposedPorts(5432)
    // Over TCP: while the image prepares its data directory, a first server listens on a socket only.
    .withHealthCheck({
      test: ['CMD', 'pg_isready', '--host=127.0.0.1', '--username=postgres'],
      interval: 250,
      timeout: 3_000,
      retries: 240,
    })
    .withWaitStrategy(Wait.forHealthCheck())
    .start();
  const url = `postgres://postgres:test@${container.getHost()}:${container.getMappedPort(5432)}/postgres`;
  return { url, origin: 'container, fsync off', stop: async () => void (await container.stop()) };
}

/** A throwaway redis:7. @throws Error when Docker does not answer. */
export async function startRedisContainer(): Promise<Service> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer('redis:7')
    .withCommand(['redis-server', '--save', '', '--appendonly', 'no'])
    .withExposedPorts(6379)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start();
  const url = `redis://${container.getHost()}:${container.getMappedPort(6379)}`;
  return { url, origin: 'container', stop: async () => void (await container.stop()) };
}
