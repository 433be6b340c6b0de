/**
 * JSON that is sent as it is written: for numbers that JavaScript cannot hold, or to pass on what came as `rawPayload`.
 * @throws {TypeError} it is not the text of a JSON object.
 */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new TypeError('A raw payload must be JSON.', { cause });
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('A raw payload must be a JSON object.');
    this.text = text;
  }
}

/**
 * The text of `payload` of each object in the array `member` of a JSON object, or of the object itself without `member`. It is the very text that came:
 * the server gives payloads back byte for byte.
 * @param text must be JSON, which `JSON.parse` has taken.
 */
export function rawPayloads(text: string, member?: string): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  const reader = new Reader(text);
  if (member === undefined) {
    found.push(payloadOf(reader));
    return found;
  }
  reader.members((name) => {
    if (name !== member) {
      reader.skip();
      return;
    }
    found.length = 0; // of two members of a name JSON.parse takes the last
    reader.items(() => found.push(payloadOf(reader)));
  });
  return found;
}

function payloadOf(reader: Reader): string | undefined {
  let payload: string | undefined;
  reader.members((name) => {
    const start = reader.at;
    reader.skip();
    if (name === 'payload') payload = reader.text.slice(start, reader.at);
  });
  return payload;
}

/** Walks over JSON that is known to be well formed, and so only looks for where things end. */
class Reader {
  readonly text: string;
  /** Where it is: at the first character of a value, or behind one. */
  at: number;

  constructor(text: string) {
    this.text = text;
    this.at = 0;
    this.#space();
  }

  /** Calls for each member of the object that begins here; the callback passes its value. */
  members(each: (name: string) => void): void {
    this.#list('}', () => {
      const start = this.at;
      this.#string();
      const name = this.text.slice(start + 1, this.at - 1);
      this.#space();
      this.at += 1; // the colon
      this.#space();
      each(name.includes('\\') ? JSON.parse(`"${name}"`) : name);
    });
  }

  /** Calls for each item of the array that begins here; the callback passes it. */
  items(each: () => void): void {
    this.#list(']', each);
  }

  /** Passes the value that begins here. */
  skip(): void {
    const first = this.text[this.at];
    if (first === '"') {
      this.#string();
      return;
    }
    if (first !== '{' && first !== '[') {
      while (this.at < this.text.length && !',]} \t\n\r'.includes(this.text[this.at] as string)) this.at += 1;
      return;
    }
    let depth = 0;
    do {
      const character = this.text[this.at];
      if (character === '"') {
        this.#string();
        continue;
      }
      if (character === '{' || character === '[') depth += 1;
      else if (character === '}' || character === ']') depth -= 1;
      this.at += 1;
    } while (depth > 0);
  }

  #list(end: string, each: () => void): void {
    this.at += 1; // the bracket
    this.#space();
    while (this.text[this.at] !== end) {
      each();
      this.#space();
      if (this.text[this.at] === ',') this.at += 1;
      this.#space();
    }
    this.at += 1;
  }

  #string(): void {
    let end = this.at;
    do {
      end = this.text.indexOf('"', end + 1);
    } while (isEscaped(this.text, end));
    this.at = end + 1;
  }

  #space(): void {
    while (' \t\n\r'.includes(this.text[this.at] ?? 'none')) this.at += 1;
  }
}

function isEscaped(text: string, quote: number): boolean {
  let before = quote - 1;
  while (text[before] === '\\') before -= 1;
  return (quote - 1 - before) % 2 === 1;
}
