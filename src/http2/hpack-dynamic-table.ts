/** What an entry counts for beyond the bytes of its name and its value (RFC 7541 §4.1). */
const ENTRY_OVERHEAD = 32;
/** Places of entries that are gone, before the others move up. */
const MOVE_AFTER = 128;

/** RFC 7541 §2.3.2 and §4: the newest entries of at most `maxBytes`, strings held by reference. Grows as it fills: most connections need little. */
export class HpackDynamicTable {
  #names: string[] = [];
  #values: string[] = [];
  /** The oldest entry's place in both; an insertion is a push. */
  #oldest = 0;
  #bytes = 0;
  #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  get length(): number {
    return this.#names.length - this.#oldest;
  }

  /** `age`: 0 for the newest, less than `length`. */
  name(age: number): string {
    return this.#names[this.#names.length - 1 - age] as string;
  }

  value(age: number): string {
    return this.#values[this.#values.length - 1 - age] as string;
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#shrinkTo(maxBytes);
  }

  /** False: the entry is larger than the table, which is empty now (RFC 7541 §4.4). */
  add(name: string, value: string): boolean {
    const bytes = name.length + value.length + ENTRY_OVERHEAD;
    this.#shrinkTo(this.#maxBytes - bytes);
    if (bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    this.#names.push(name);
    this.#values.push(value);
    return true;
  }

  /** For those who keep more about the entries: the oldest one goes. */
  protected evicted(_name: string): void {}

  #shrinkTo(bytes: number): void {
    while (this.#bytes > bytes && this.length > 0) this.#evict();
    if (this.#oldest < MOVE_AFTER) return;
    this.#names = this.#names.slice(this.#oldest);
    this.#values = this.#values.slice(this.#oldest);
    this.#oldest = 0;
  }

  #evict(): void {
    const at = this.#oldest++;
    const name = this.#names[at] as string;
    this.#bytes -= name.length + (this.#values[at] as string).length + ENTRY_OVERHEAD;
    this.#names[at] = this.#values[at] = '';
    this.evicted(name);
  }
}
