import { refuseWholeKeys } from './administration/arguments.ts';
import { outcomeOf } from './administration/outcome.ts';
import { endWithoutStdout, say } from './administration/output.ts';
import { createProgram } from './administration/program.ts';

endWithoutStdout();
try {
  refuseWholeKeys(process.argv.slice(2));
  await createProgram().parseAsync();
} catch (error) {
  const { exitCode, message } = outcomeOf(error);
  if (message) say(`admin: ${message}`);
  process.exitCode = exitCode;
}
