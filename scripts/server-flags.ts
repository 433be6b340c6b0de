/**
 * How Node runs the server; package.json and the Dockerfile say the same.
 * - `--max-semi-space-size=8`: Node's own choice on a large machine lets short-lived objects fill 100 MB, which the 200 MB that the server
 *   may take cannot afford. V8 takes powers of two: under R22's load 8 comes to 186 MB, and 16 to 195, once to 211. 16 would save 8 % of the server's time at 64
 *   connections, because fewer requests are under way at each collection.
 * - `--initial-old-space-size=32`: the first full collection comes at 32 MB of old objects and not at a share of the machine's memory.
 * - `--expose-gc`: main.ts gives back once what loading left behind, 30 to 40 MB.
 */
export const serverFlags = ['--expose-gc', '--max-semi-space-size=8', '--initial-old-space-size=32'];
