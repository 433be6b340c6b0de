import { Reference, referenceKind } from './schema-arbitrary.ts';

type Known = { source: string; members: Record<string, string> };

/** As many of the last as are kept: enough that what was settled or deleted long ago is asked for again too. */
const kept = 400;

/**
 * What a partner's answers named and its requests chose: ids, tokens, cursors. What stood side by side in one object is kept together, so that a
 * lease's token is sent with its event.
 */
export class Memory {
  readonly #known: Known[] = [];

  /** Learns from a JSON value; `source` is the path of the operation that it came from. */
  learn(source: string, value: unknown, depth = 0): void {
    if (typeof value !== 'object' || value === null || depth > 6) return;
    const members: Record<string, string> = {};
    for (const [name, each] of Object.entries(value)) {
      const kind = referenceKind(name);
      if (typeof each === 'string' && kind && each.length <= 300) members[kind] = each;
      else this.learn(source, each, depth + 1);
    }
    if (Object.keys(members).length === 0) return;
    this.#known.push({ source, members });
    if (this.#known.length > kept) this.#known.shift();
  }

  /**
   * One thing that has all of `kinds`, or else some that has the first of them: mostly of late, and mostly from the part of the API that `path`
   * belongs to.
   */
  recall(kinds: string[], path: string, random: () => number): Record<string, string> | undefined {
    const having = this.#known.filter(({ members }) => kinds.every((kind) => kind in members));
    const any = having.length > 0 ? having : this.#known.filter(({ members }) => (kinds[0] as string) in members);
    const near = any.filter(({ source }) => area(source) === area(path));
    const choices = near.length > 0 && random() < 0.6 ? near : any;
    if (choices.length === 0) return undefined;
    return choices[Math.max(0, choices.length - 1 - Math.floor(random() ** 3 * choices.length))]?.members;
  }

  /** The value with its references replaced; those of one object go together, with `beside` for those of the path. */
  resolve(value: unknown, path: string, random: () => number, beside: Record<string, string> = {}): unknown {
    if (value instanceof Reference) return value.byChance ? value.otherwise : (beside[value.kind] ?? this.#one(value, path, random));
    if (Array.isArray(value)) return unique(value, value.map((each) => this.resolve(each, path, random, each instanceof Reference ? {} : beside)));
    if (typeof value !== 'object' || value === null) return value;
    const kinds = kindsIn(value).filter((kind) => !(kind in beside));
    const found = kinds.length > 0 ? this.recall(kinds, path, random) : undefined;
    const own = { ...found, ...beside };
    // Objects inside lists are things of their own.
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.resolve(each, path, random, Array.isArray(each) ? {} : own)]));
  }

  #one({ kind, otherwise }: Reference, path: string, random: () => number): string {
    return this.recall([kind], path, random)?.[kind] ?? otherwise;
  }
}

/** The kinds of the references that stand directly in an object. */
export function kindsIn(value: object): string[] {
  return Object.values(value).flatMap((each) => (each instanceof Reference && !each.byChance ? [each.kind] : []));
}

/** `/v1/dead-letters/{id}/redrive` belongs to `/v1/dead-letters`. */
function area(path: string): string {
  return path.split('/').slice(0, 3).join('/');
}

/** A list of references names each thing once, as a client would. */
function unique(before: unknown[], after: unknown[]): unknown[] {
  return before.some((each) => each instanceof Reference) ? [...new Set(after)] : after;
}
