import { readFileSync } from 'node:fs';

/** Linux counts process time in ticks of 10 ms; a measurement of seconds over thousands of events makes that precise enough. */
const tickMicroseconds = 10_000;

type Stat = { own: number; endedChildren: number };

function statOf(processId: number): Stat {
  try {
    const text = readFileSync(`/proc/${processId}/stat`, 'utf8');
    // The name in parentheses may hold anything; the fields are counted after it: 14 to 17 are utime, stime, cutime, cstime.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const at = (number: number) => (fields[number - 3] ?? 0) * tickMicroseconds;
    return { own: at(14) + at(15), endedChildren: at(16) + at(17) };
  } catch {
    return { own: 0, endedChildren: 0 }; // not Linux, or ended meanwhile
  }
}

/** CPU microseconds that a process has used, all its threads. 0 where /proc is not to be had. */
export function cpuOfProcess(processId: number): number {
  return statOf(processId).own;
}

/** CPU microseconds of a process and its children, those that have ended included: for Postgres the whole server. */
export function cpuOfTree(processId: number): number {
  const { own, endedChildren } = statOf(processId);
  return own + endedChildren + childrenOf(processId).reduce((sum, child) => sum + cpuOfProcess(child), 0);
}

function childrenOf(processId: number): number[] {
  try {
    return readFileSync(`/proc/${processId}/task/${processId}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Memory of a process that is in RAM, in megabytes of 1,000,000 bytes; NaN where /proc is not to be had. */
export function residentMegabytes(processId: number): number {
  try {
    return (Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1]) * 1_024) / 1_000_000;
  } catch {
    return Number.NaN;
  }
}
