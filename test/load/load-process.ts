import { runLoadHere } from './load-generator.ts';
import type { LoadSpec } from './load-spec.ts';

/** The generator as a program: one JSON spec on standard input, one JSON result on standard output. */
let text = '';
for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
process.stdout.write(JSON.stringify(await runLoadHere(JSON.parse(text) as LoadSpec)));
