/**
 * Turns the runner's TAP into lines for a person: one for each test file, and every failed assertion in full, with the path of tests that
 * leads to it. What passed inside a file stays unsaid.
 *
 * TAP nests by four spaces: `# Subtest: name` opens a level, and the `ok` or `not ok` of that name one level up closes it.
 */
export class Report {
  /** The runner's own counts of assertions, from its last line; missing when it broke off. */
  counts: { passed: number; failed: number; skipped: number } | undefined;
  #path: string[] = [];
  #diagnostics: 'none' | 'expected' | 'open' = 'none';
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  line(text: string): void {
    const indent = text.length - text.trimStart().length;
    const level = Math.floor(indent / 4);
    const content = text.slice(indent);
    if (this.#diagnostics === 'expected') this.#diagnostics = content === '---' ? 'open' : 'none';
    if (this.#diagnostics === 'open') {
      this.#print(`  ${text}`);
      if (content === '...') this.#diagnostics = 'none';
    } else if (content.startsWith('# Subtest: ')) {
      this.#path = [...this.#path.slice(0, level), content.slice('# Subtest: '.length)];
    } else if (/^(not )?ok\b/.test(content)) {
      this.#verdict(content, level);
    } else if (level === 0) {
      this.#summary(content);
    }
  }

  #verdict(content: string, level: number): void {
    const failed = content.startsWith('not ok');
    const name = content.replace(/^(not )?ok( \d+)?( - )?/, '');
    const plain = name.replace(/ # time=.*$/, '');
    const closesSubtest = this.#path.length > level && this.#path[level] === plain;
    this.#path = this.#path.slice(0, level);
    if (level === 0) this.#print(`${failed ? 'FAIL' : 'pass'}  ${name.replace(' # time=', '  ')}`);
    if (!failed || /# (SKIP|TODO)\b/i.test(name)) return;
    if (level > 0 && !closesSubtest) this.#print(`  not ok: ${[...this.#path, plain].join(' > ')}`);
    if (level === 0 || !closesSubtest) this.#diagnostics = 'expected';
  }

  #summary(content: string): void {
    if (content.startsWith('Bail out!')) this.#print(content);
    const match = /^# \{ (total: .*) \}$/.exec(content);
    if (!match?.[1]) return;
    const count = Object.fromEntries(match[1].split(', ').map((part) => part.split(': ')));
    this.counts = {
      passed: Number(count.pass ?? 0),
      failed: Number(count.fail ?? 0),
      skipped: Number(count.skip ?? 0) + Number(count.todo ?? 0),
    };
  }
}
