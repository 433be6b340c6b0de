/**
 * How Node runs the server; package.json and the Dockerfile say the same.
 * - `--max-semi-space-size=8`: Node's own choice on a large machine lets short-lived objects fill 100 MB, which the 200 MB that the server
 *   may take cannot afford: 16 came to 211 under R22's load and 12 to 203. With 8 young garbage is collected more often, which no measurement told from noise.
 * - `--initial-old-space-size=32`: the first full collection comes at 32 MB of old objects and not at a share of the machine's memory.
 * - `--expose-gc`: main.ts gives back once what loading left behind, 30 to 40 MB.
 */
export const serverFlags = ['--expose-gc', '--max-semi-space-size=8', '--initial-old-space-size=32'];
