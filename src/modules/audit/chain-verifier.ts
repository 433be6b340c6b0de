import { type ChainEntry, type ChainPoint, entryHash, firstPreviousHash } from './chain.ts';

/**
 * - `edited`: the entry does not have the hash of its contents.
 * - `missing`: a gap in the numbers; `seq` is the first of them.
 * - `out_of_order`: the contents of another number, or (in a file) a number that comes too late or twice.
 * - `relinked`: it is bound to another entry than the one before it: one of the two was put in its place later.
 * - `cut_off`: entries are missing at the end; `seq` is the first of them.
 * - `head`: what the log has noted of its end does not fit.
 * - `anchor`: what was noted elsewhere does not fit.
 * - `unprotected`: a trigger of the log is off or missing.
 * - `unreadable`: a line of a file is no entry.
 */
export type FaultKind = 'edited' | 'missing' | 'out_of_order' | 'relinked' | 'cut_off' | 'head' | 'anchor' | 'unprotected' | 'unreadable';

/** What is wrong, in a sentence; `seq` is the number of the entry, null where it is about none. */
export type Fault = { seq: number | null; fault: FaultKind; detail: string };

export type Verdict = {
  ok: boolean;
  /** How many entries were looked at. */
  rows: number;
  /** The last entry that was seen, its hash in hex: keep it elsewhere, and the next verification can be held against it. */
  head: { seq: number; hash: string | null };
  /** How many of the anchors given were found in place. */
  anchors: number;
  /** The first thousand. */
  faults: Fault[];
  /** How many there are. */
  fault_count: number;
};

export type ChainOptions = {
  /** What was noted of the end; undefined when the note is gone. */
  head: ChainPoint | undefined;
  /** Points of the chain that were noted where nobody can change them. */
  anchors?: ChainPoint[];
  /** The number with which it must begin; 1 unless given. */
  firstSeq?: bigint;
  /** Entries were left out on purpose: gaps are none, and neither is an early end. */
  partial?: boolean;
};

const mostFaults = 1_000;
/** How far from its place an entry is recognized, in numbers. */
const moveReach = 64n;

/**
 * Follows a chain entry by entry and notes what does not fit. Each entry that was tampered with is named; those after it are not, for being bound to
 * it. Its state is the entry before and the faults.
 */
export class ChainVerifier {
  readonly #head: ChainPoint | undefined;
  readonly #anchors = new Map<bigint, Set<string>>();
  readonly #firstSeq: bigint;
  readonly #partial: boolean;
  readonly #faults: Fault[] = [];
  #faultCount = 0;
  #rows = 0;
  #anchorsFound = 0;
  #last: Link | undefined;

  constructor({ head, anchors = [], firstSeq = 1n, partial = false }: ChainOptions) {
    this.#head = head;
    this.#firstSeq = firstSeq;
    this.#partial = partial;
    for (const { seq, hash } of anchors) this.#anchors.set(seq, (this.#anchors.get(seq) ?? new Set()).add(hash));
    // Before the first entry there is nothing, and its hash is known. Before a later beginning there is what was noted of it.
    const start = firstSeq - 1n;
    const known = [...(start === 0n ? [firstPreviousHash.toString('hex')] : (this.#anchors.get(start) ?? []))];
    if (known[0] === undefined) return;
    if (!partial) this.#last = { seq: start, hash: known[0], bonds: known };
    this.#checkPoints({ seq: start, hash: known[0] });
  }

  /** Notes a fault that was found elsewhere. */
  note(fault: FaultKind, seq: bigint | null, detail: string): void {
    this.#faultCount += 1;
    if (this.#faults.length < mostFaults) this.#faults.push({ seq: seq === null ? null : Number(seq), fault, detail });
  }

  /** Looks at the next entry. */
  next(entry: ChainEntry): void {
    this.#rows += 1;
    const last = this.#last;
    const expected = last ? last.seq + 1n : this.#firstSeq;
    const link: Link = { seq: entry.seq, hash: entry.hash.toString('hex'), bonds: [] };
    if (entry.seq < expected) {
      this.note('out_of_order', entry.seq, `entry ${entry.seq} is where entry ${expected} or a later one should be`);
      this.#checkHash(entry, link);
      return; // the others are still expected where they were
    }
    const head = this.#head;
    if (head && entry.seq > head.seq) this.note('head', entry.seq, `the log has noted that it ends with entry ${head.seq}`);
    else if (entry.seq > expected && !this.#partial) this.note('missing', expected, range(expected, entry.seq - 1n));
    const intact = this.#checkHash(entry, link);
    if (intact && last?.seq === entry.seq - 1n) this.#checkLink(entry, last);
    this.#checkPoints(link);
    this.#last = link;
  }

  /** Looks at the end, and says what was found. */
  finish(): Verdict {
    const head = this.#head;
    const lastSeq = this.#last?.seq ?? this.#firstSeq - 1n;
    if (!head) this.note('head', null, 'audit_head is empty: where the log ends is not known');
    else if (head.seq > lastSeq && !this.#partial) this.note('cut_off', lastSeq + 1n, range(lastSeq + 1n, head.seq));
    if (!this.#partial) {
      for (const [seq, hashes] of this.#anchors) {
        if (seq >= this.#firstSeq)
          for (const hash of hashes) this.note('anchor', seq, `there is no entry ${seq}; it was there with the hash ${hash}`);
      }
    }
    return {
      ok: this.#faultCount === 0,
      rows: this.#rows,
      head: { seq: Number(lastSeq), hash: this.#last?.hash ?? null },
      anchors: this.#anchorsFound,
      faults: this.#faults,
      fault_count: this.#faultCount,
    };
  }

  /** Whether the entry has the hash of its contents; fills `bonds` with the hashes to which the entry after it may be bound. */
  #checkHash(entry: ChainEntry, link: Link): boolean {
    const computed = entryHash(entry);
    if (computed.equals(entry.hash)) {
      link.bonds = [link.hash];
      return true;
    }
    const origin = originOf(entry);
    if (origin !== undefined) {
      this.note('out_of_order', entry.seq, `it is entry ${origin}, in the place of entry ${entry.seq}`);
      return false; // and what the right entry was is not known
    }
    this.note('edited', entry.seq, `its contents have the hash ${computed.toString('hex')}, it says ${link.hash || 'nothing'}`);
    link.bonds = [link.hash, computed.toString('hex')];
    return false;
  }

  #checkLink(entry: ChainEntry, last: Link): void {
    if (last.bonds.length === 0 || last.bonds.includes(entry.previousHash.toString('hex'))) return;
    const before = last.seq === 0n ? 'the beginning' : `entry ${last.seq}`;
    this.note('relinked', entry.seq, `it is bound to ${entry.previousHash.toString('hex')}, and ${before} has ${last.hash}`);
  }

  #checkPoints({ seq, hash }: ChainPoint): void {
    if (this.#head?.seq === seq && this.#head.hash !== hash) {
      this.note('head', seq, `the log has noted the hash ${this.#head.hash} of its end, the entry has ${hash}`);
    }
    const anchors = this.#anchors.get(seq);
    if (!anchors) return;
    for (const anchor of anchors) {
      if (anchor === hash) this.#anchorsFound += 1;
      else this.note('anchor', seq, `it had the hash ${anchor} once, now it has ${hash}`);
    }
    this.#anchors.delete(seq);
  }
}

type Link = ChainPoint & {
  /** Hashes to which the next entry may be bound; none when nobody knows. */
  bonds: string[];
};

/** The number under which the contents have the hash that the entry says, if it is near. */
function originOf(entry: ChainEntry): bigint | undefined {
  for (let seq = entry.seq - moveReach; seq <= entry.seq + moveReach; seq++) {
    if (entryHash({ ...entry, seq }).equals(entry.hash)) return seq;
  }
  return undefined;
}

function range(first: bigint, last: bigint): string {
  return first === last ? `entry ${first} is missing` : `entries ${first} to ${last} are missing`;
}
