import type pg from 'pg';

type WireConnection = {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
};

/**
 * Several `COPY … FROM STDIN` statements in one message: Postgres runs the statements of a simple query in one transaction, so all tables get
 * their rows or none does, for one exchange instead of four.
 * `parts` are in the order of the statements; each has the rows in COPY's text format.
 * @throws the database's error; then nothing was stored.
 */
export function copyInto(client: pg.ClientBase, parts: CopyPart[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyQuery(parts, (error) => (error ? reject(error) : resolve())) as never);
  });
}

export type CopyPart = { statement: string; rows: string };

/**
 * What pg's client expects of a query object. The server asks for each table's rows with CopyInResponse. An error ends the whole message, and
 * pg calls the query object no more after one: the client itself waits for the server's ReadyForQuery before it sends what comes next, so the
 * connection is never left in the middle of a copy.
 */
class CopyQuery {
  /** pg wraps this member to end its read timeout. */
  callback: (error?: Error) => void;
  readonly #parts: CopyPart[];
  #next = 0;

  constructor(parts: CopyPart[], callback: (error?: Error) => void) {
    this.#parts = parts;
    this.callback = callback;
  }

  submit(connection: WireConnection): void {
    connection.query(this.#parts.map(({ statement }) => statement).join(';'));
  }

  handleCopyInResponse(connection: WireConnection): void {
    const part = this.#parts[this.#next++];
    connection.sendCopyFromChunk(Buffer.from((part as CopyPart).rows, 'utf8'));
    connection.endCopyFrom();
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.callback();
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}
}

const needsEscape = /[\\\n\r\t]/;

/** A value in COPY's text format: tab, line ends and backslash are escaped. */
export function copyText(value: string): string {
  if (!needsEscape.test(value)) return value;
  return value.replace(/[\\\n\r\t]/g, (char) => escapes[char] as string);
}

const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
