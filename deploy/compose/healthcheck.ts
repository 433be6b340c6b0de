import { get } from 'node:http';

/**
 * Asks this container's own server whether it is ready, for Docker's HEALTHCHECK. Exit code 0 when it is, 1 when it is not or says nothing
 * for three seconds; then the reason is on stderr. HOST and PORT are the server's.
 */
const { HOST = '0.0.0.0', PORT = '3000' } = process.env;
const host = HOST === '' || HOST === '0.0.0.0' ? '127.0.0.1' : HOST;
const request = get({ host, port: PORT || '3000', path: '/health/ready', timeout: 3_000 }, (response) => {
  response.resume();
  if (response.statusCode !== 200) fail(`/health/ready answers ${response.statusCode}`);
});
request.on('timeout', () => request.destroy(new Error('no answer within 3 seconds')));
request.on('error', (error) => fail(error.message));

function fail(reason: string): void {
  console.error(reason);
  process.exitCode = 1;
}
