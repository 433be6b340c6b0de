/**
 * How Node runs the server; package.json and the Dockerfile say the same.
 * - `--max-semi-space-size=12`: Node's own choice on a large machine lets short-lived objects fill 100 MB, which the 200 MB that the server
 *   may take cannot afford: 16 comes to 200, 12 to 187; with 8 it collects garbage a third more often.
 * - `--initial-old-space-size=32`: the first full collection comes at 32 MB of old objects and not at a share of the machine's memory.
 * - `--expose-gc`: main.ts gives back once what loading left behind, 30 to 40 MB.
 */
export const serverFlags = ['--expose-gc', '--max-semi-space-size=12', '--initial-old-space-size=32'];
