import type pg from 'pg';
import type { ByteSpan } from './byte-span.ts';
import { hexDigit } from './event-id.ts';

/** The part of pg's connection that is written to. */
type WireConnection = { stream: { write(bytes: Buffer): boolean } };

const messageType = { query: 0x51, copyData: 0x64, copyDone: 0x63 } as const;

/** How binary COPY data begins (Postgres manual, COPY, File Formats): the signature, no flags, no header extension. */
const copyHeader = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');

/**
 * Several `COPY … FROM STDIN (FORMAT binary)` with their rows, as the bytes of one exchange: Postgres runs the statements of a simple query in one
 * transaction, so all tables get their rows or none does. Binary, because neither side then looks for characters to escape: it takes Postgres two
 * thirds of the time of COPY's text format.
 *
 * The rows follow the statements without a wait for CopyInResponse, so that a commit is one message and one answer. When a statement fails, Postgres
 * ignores what is left of them, as its protocol promises ("Simple Query" and "COPY Operations" in the manual's chapter on the protocol).
 *
 * Write it in order: for each statement `beginTable`, then each row as `beginRow` and its values, then `endTable`; then `send`, once.
 */
export class CopyMessage {
  #bytes: Buffer;
  #length = 0;
  #tableAt = 0;

  /** @param sizeHint bytes that the rows will probably take; more is made room for. */
  constructor(statements: readonly string[], sizeHint: number) {
    const query = `${statements.join(';')}\0`;
    this.#bytes = Buffer.allocUnsafeSlow(sizeHint + query.length + 128);
    this.#bytes[0] = messageType.query;
    this.#bytes.writeInt32BE(4 + query.length, 1);
    this.#length = 5 + this.#bytes.write(query, 5, 'latin1');
  }

  beginTable(): void {
    this.#makeRoom(5 + copyHeader.length);
    this.#tableAt = this.#length;
    this.#bytes[this.#length] = messageType.copyData;
    this.#length += 5;
    this.#length += copyHeader.copy(this.#bytes, this.#length);
  }

  endTable(): void {
    this.#makeRoom(7);
    this.#bytes.writeInt16BE(-1, this.#length);
    this.#length += 2;
    this.#bytes.writeInt32BE(this.#length - this.#tableAt - 1, this.#tableAt + 1);
    this.#bytes[this.#length] = messageType.copyDone;
    this.#bytes.writeInt32BE(4, this.#length + 1);
    this.#length += 5;
  }

  /** As many values follow as the statement names columns. */
  beginRow(columns: number): void {
    this.#makeRoom(2);
    const bytes = this.#bytes;
    bytes[this.#length++] = columns >> 8;
    bytes[this.#length++] = columns;
  }

  /** A value of the type `integer`. */
  integer(value: number): void {
    this.#makeRoom(8);
    this.#int32(4);
    this.#int32(value);
  }

  /** A value of the type `uuid`, from its 36 characters in lower case. */
  uuid(text: string): void {
    this.#makeRoom(20);
    this.#int32(16);
    const bytes = this.#bytes;
    const at = this.#length;
    for (let index = 0; index < 16; index++) {
      const digit = uuidDigits[index] as number;
      bytes[at + index] = (hexDigit(text.charCodeAt(digit)) << 4) | hexDigit(text.charCodeAt(digit + 1));
    }
    this.#length = at + 16;
  }

  /** A value of the type `text`. Returns how many bytes it has. */
  text(value: string): number {
    const most = 4 + value.length * 3;
    if (this.#bytes.length - this.#length < most) this.#makeRoom(4 + Buffer.byteLength(value));
    const written = this.#write(value, this.#length + 4);
    this.#int32(written);
    this.#length += written;
    return written;
  }

  /** A value of the type `text` that is in UTF-8 already. Returns how many bytes it has. */
  utf8({ buffer, start, end }: ByteSpan): number {
    const size = end - start;
    this.#makeRoom(4 + size);
    this.#int32(size);
    buffer.copy(this.#bytes, this.#length, start, end);
    this.#length += size;
    return size;
  }

  /**
   * Resolves when all rows are committed.
   * @throws the database's error; then nothing was stored. Afterwards the connection can be used as before, unless it is lost.
   */
  send(client: pg.ClientBase): Promise<void> {
    const bytes = this.#bytes.subarray(0, this.#length);
    return new Promise((resolve, reject) => {
      client.query(new CopyQuery(bytes, (error) => (error ? reject(error) : resolve())) as never);
    });
  }

  /** Writes a text for which there is room. Returns its bytes. */
  #write(value: string, at: number): number {
    if (value.length > longestByHand) return this.#bytes.write(value, at);
    const bytes = this.#bytes;
    for (let index = 0; index < value.length; index++) {
      const char = value.charCodeAt(index);
      if (char > 0x7f) return bytes.write(value, at);
      bytes[at + index] = char;
    }
    return value.length;
  }

  #int32(value: number): void {
    const bytes = this.#bytes;
    const at = this.#length;
    bytes[at] = value >> 24;
    bytes[at + 1] = value >> 16;
    bytes[at + 2] = value >> 8;
    bytes[at + 3] = value;
    this.#length = at + 4;
  }

  #makeRoom(bytes: number): void {
    if (this.#bytes.length - this.#length >= bytes) return;
    const larger = Buffer.allocUnsafeSlow((this.#length + bytes) * 2);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** What pg's client expects of a query object. Of an answer only its end and its error are of interest. */
class CopyQuery {
  /** pg wraps this member to end its read timeout. */
  callback: (error?: Error) => void;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, callback: (error?: Error) => void) {
    this.#bytes = bytes;
    this.callback = callback;
  }

  submit(connection: WireConnection): void {
    connection.stream.write(this.#bytes);
  }

  /** After an error pg calls no more: it waits for ReadyForQuery itself before it sends what comes next. */
  handleError(error: Error): void {
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.callback();
  }

  handleCopyInResponse(): void {}
  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}
}

/** Characters up to which a loop is faster than the call into Node. */
const longestByHand = 32;

/** Where the first digit of each byte of a UUID is in its text. */
const uuidDigits = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
