import t from 'tap';
import { Report } from '../../scripts/test-report.ts';

function read(tap: string): { lines: string[]; report: Report } {
  const lines: string[] = [];
  const report = new Report((line) => lines.push(line));
  for (const line of tap.split('\n')) report.line(line);
  return { lines, report };
}

const failing = `TAP version 14
# Subtest: test/a.test.ts
    # Subtest: outer
        # Subtest: inner
            ok 1 - fine
            not ok 2 - is equal
              ---
              diff: one
              ...
            not ok 3 - bare
            1..3
        not ok 1 - inner # time=3ms
          ---
          at: somewhere
          ...
        1..1
    not ok 1 - outer # time=4ms
    1..1
not ok 1 - test/a.test.ts # time=5ms
  ---
  exitCode: 1
  ...
# Subtest: test/b.test.ts
    ok 1 - fine
    1..1
ok 2 - test/b.test.ts # time=2ms
1..2
# { total: 4, pass: 2, fail: 2 }`;

t.test('a failed assertion is shown once, with its path and its diagnostics', async (t) => {
  const { lines } = read(failing);
  t.same(
    lines.filter((line) => line.includes('not ok')),
    ['  not ok: test/a.test.ts > outer > inner > is equal', '  not ok: test/a.test.ts > outer > inner > bare'],
  );
  t.ok(lines.some((line) => line.includes('diff: one')));
  t.notOk(
    lines.some((line) => line.includes('at: somewhere')),
    'the enclosing test repeats nothing',
  );
});

t.test('each file has its verdict, and passed assertions are not listed', async (t) => {
  const { lines } = read(failing);
  t.same(
    lines.filter((line) => /^(pass|FAIL)/.test(line)),
    ['FAIL  test/a.test.ts  5ms', 'pass  test/b.test.ts  2ms'],
  );
  t.notOk(lines.some((line) => line.includes('fine')));
});

t.test('the counts are those of the runner; without its last line there are none', async (t) => {
  t.same(read(failing).report.counts, { passed: 2, failed: 2, skipped: 0 });
  t.same(read('# { total: 5, pass: 3, skip: 2 }').report.counts, { passed: 3, failed: 0, skipped: 2 });
  t.equal(read('TAP version 14\nok 1 - test/a.test.ts').report.counts, undefined);
});
