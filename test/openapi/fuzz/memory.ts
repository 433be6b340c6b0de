import { Reference, referenceKind } from './schema-arbitrary.ts';

type Random = () => number;

type Known = { source: string; status: unknown; members: Record<string, string>; query: Query };

type Query = [name: string, value: string][];

/** What is longer than anything that may be sent back would make requests invalid. */
const longest = 250;
/** As many of the last as are kept: enough that what was settled or deleted long ago is asked for again too. */
const kept = 400;

/**
 * What a partner's answers named and its requests chose: ids, tokens, cursors. What stood side by side in one object is kept together, so that a
 * lease's token is sent with its event.
 */
export class Memory {
  readonly #known: Known[] = [];

  /** Learns from a JSON value; `source` is the path of the operation that it came from, `query` what was asked. */
  learn(source: string, value: unknown, query: Query = [], depth = 0): void {
    if (typeof value !== 'object' || value === null || depth > 6) return;
    const members: Record<string, string> = {};
    for (const [name, each] of Object.entries(value)) {
      const kind = referenceKind(name);
      if (typeof each === 'string' && kind && each !== '' && each.length <= longest) members[kind] = each;
      else this.learn(source, each, query, depth + 1);
    }
    if (Object.keys(members).length === 0) return;
    this.#known.push({ source, status: (value as { status?: unknown }).status, members, query });
    if (this.#known.length > kept) this.#known.shift();
  }

  /**
   * One thing that has all of `kinds`, or else some that has the first of them: mostly of late, and mostly from the part of the API that `path`
   * belongs to, or in the state that this is named after.
   */
  recall(kinds: string[], path: string, random: Random): Record<string, string> | undefined {
    const having = this.#known.filter(({ members }) => kinds.every((kind) => kind in members));
    const any = having.length > 0 ? having : this.#known.filter(({ members }) => (kinds[0] as string) in members);
    const named = any.filter(
      ({ status }) => typeof status === 'string' && firstWord(status) === firstWord(area(path).slice('/v1/'.length)),
    );
    const near = named.length > 0 ? named : any.filter(({ source }) => area(source) === area(path));
    const choices = near.length > 0 && random() < 0.8 ? near : any;
    return choices[Math.max(0, choices.length - 1 - Math.floor(random() ** 3 * choices.length))]?.members;
  }

  /** A page's cursor and the query that it is good for. */
  recallPage(path: string, random: Random): { cursor: string; query: Query } | undefined {
    const pages = this.#known.filter(({ source, members }) => source === path && members.cursor !== undefined);
    const page = pages[Math.floor(random() * pages.length)];
    return page && { cursor: page.members.cursor as string, query: page.query.filter(([name]) => name !== 'cursor') };
  }
}

/** Fills in the references of one request. Things are not named twice in it, as a client would not. */
export class Resolution {
  readonly #memory: Memory;
  readonly #path: string;
  readonly #random: Random;
  readonly #named = new Set<string>();

  constructor(memory: Memory, path: string, random: Random) {
    this.#memory = memory;
    this.#path = path;
    this.#random = random;
  }

  /** One thing that was not named yet in this request, if there is one among the first that come to mind. */
  recall(kinds: string[]): Record<string, string> | undefined {
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const found = this.#memory.recall(kinds, this.#path, this.#random);
      const name = found && `${kinds[0]} ${found[kinds[0] as string]}`;
      if (name === undefined || this.#named.has(name)) continue;
      this.#named.add(name);
      return found;
    }
    return undefined;
  }

  /** The value with its references replaced; those of one object go together, with `beside` for those of the path. */
  resolve(value: unknown, beside: Record<string, string> = {}): unknown {
    if (value instanceof Reference)
      return value.byChance ? value.otherwise : (beside[value.kind] ?? this.recall([value.kind])?.[value.kind] ?? value.otherwise);
    if (Array.isArray(value)) {
      const all = value.map((each) => this.resolve(each, each instanceof Reference ? {} : beside));
      return value.some((each) => each instanceof Reference) ? [...new Set(all)] : all;
    }
    if (typeof value !== 'object' || value === null) return value;
    const kinds = kindsIn(value).filter((kind) => !(kind in beside));
    const found = kinds.length > 0 ? this.recall(kinds) : undefined;
    const own = { ...found, ...beside };
    // Objects inside lists are things of their own.
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.resolve(each, Array.isArray(each) ? {} : own)]));
  }
}

/** The kinds of the references that stand directly in an object. */
export function kindsIn(value: object): string[] {
  return Object.values(value).flatMap((each) => (each instanceof Reference && !each.byChance ? [each.kind] : []));
}

/** `dead_lettered` is what the things of `dead-letters` are. */
function firstWord(name: string): string {
  return name.split(/[-_]/, 1)[0] as string;
}

/** `/v1/dead-letters/{id}/redrive` belongs to `/v1/dead-letters`. */
function area(path: string): string {
  return path.split('/').slice(0, 3).join('/');
}
