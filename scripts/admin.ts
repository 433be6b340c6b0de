import { endWithoutStdout } from './administration/output.ts';
import { runCommand } from './administration/run.ts';

endWithoutStdout();
await runCommand(process.argv.slice(2));
