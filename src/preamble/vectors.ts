/** Reads what TLS is made of, one after the other: numbers, and vectors behind their length (RFC 8446 §3). */
export class Vectors {
  readonly #bytes: Buffer;
  readonly #malformed: () => never;
  #offset = 0;

  /** `malformed` throws what is to be thrown where the bytes do not hold what is asked for. */
  constructor(bytes: Buffer, malformed: () => never) {
    this.#bytes = bytes;
    this.#malformed = malformed;
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** Nothing may be left. */
  end(): void {
    if (!this.done) this.#malformed();
  }

  skip(bytes: number): void {
    if (this.#bytes.length - this.#offset < bytes) this.#malformed();
    this.#offset += bytes;
  }

  /** Big-endian, of 1 to 3 bytes. */
  number(size: number): number {
    const begin = this.#offset;
    this.skip(size);
    return this.#bytes.readUIntBE(begin, size);
  }

  /** Behind a length of `lengthSize` bytes, which lies within the bounds. */
  vector(lengthSize: number, least: number, most: number): Buffer {
    const length = this.number(lengthSize);
    if (length < least || length > most) this.#malformed();
    const begin = this.#offset;
    this.skip(length);
    return this.#bytes.subarray(begin, begin + length);
  }
}
