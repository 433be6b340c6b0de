import { fileURLToPath } from 'node:url';
import { findPython } from '../../scripts/test-python.ts';

export const samples = fileURLToPath(new URL('../../docs/samples/', import.meta.url));

export type Language = {
  name: string;
  program: string;
  extension: string;
  quickStart: string;
  /** In the worker: a short lease; and work that is slow, or fails, when the payload says so. */
  workerEdits: [string, string][];
};

/** The languages of the samples, and how their programs are run. */
export const languages: Language[] = [
  {
    name: 'Python',
    program: findPython().TEST_PYTHON,
    extension: 'py',
    quickStart: 'python-quick-start.py',
    workerEdits: [
      ['LEASE_SECONDS = 60', 'LEASE_SECONDS = 5'],
      [
        '    print(f"handled',
        '    __import__("time").sleep(6.5 if event["payload"].get("slow") else 1 // event["payload"]["n"])\n    print(f"handled',
      ],
    ],
  },
  {
    name: 'Node.js',
    program: process.execPath,
    extension: 'js',
    quickStart: 'node-quick-start.js',
    workerEdits: [
      ['leaseSeconds = 60', 'leaseSeconds = 5'],
      [
        '  console.log(`handled',
        "  if (event.payload.n === 0) throw new Error('fails');\n  await new Promise((resolve) => setTimeout(resolve, event.payload.slow ? 6500 : 0));\n  console.log(`handled",
      ],
    ],
  },
  {
    name: 'sh',
    program: 'sh',
    extension: 'sh',
    quickStart: 'quick-start.sh',
    workerEdits: [
      ['lease_seconds=60', 'lease_seconds=5'],
      [
        '  echo "handled',
        '  if grep -q \'"n":0\' "$work/answer"; then return 1; fi\n  if grep -q slow "$work/answer"; then sleep 6.5; fi\n  echo "handled',
      ],
    ],
  },
];
