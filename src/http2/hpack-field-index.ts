import { HpackDynamicTable } from './hpack-dynamic-table.ts';
import { STATIC_LENGTH, STATIC_NAMES, STATIC_VALUES } from './hpack-static-table.ts';

/** The first static index of each name. */
const STATIC_INDEX = new Map<string, number>();
for (let index = STATIC_LENGTH; index > 0; index--) STATIC_INDEX.set(STATIC_NAMES[index] as string, index);

/** An index of RFC 7541 grows with each later entry; a serial number does not. Of a static entry it is the index, and the dynamic ones go on from there. */
type Serial = number;
export const NOT_FOUND: Serial = 0;

/** The values that the dynamic table has for a name, oldest first. */
interface Entries {
  readonly values: string[];
  readonly serials: Serial[];
}

/** Both tables, searched by field: going through the entries would take longer with each `date` that is in them. */
export class HpackFieldIndex extends HpackDynamicTable {
  readonly #byName = new Map<string, Entries>();
  #newest: Serial = STATIC_LENGTH;

  /** The entry is still there, and is this very field. */
  is(serial: Serial, name: string, value: string): boolean {
    if (serial <= STATIC_LENGTH) return STATIC_VALUES[serial] === value && STATIC_NAMES[serial] === name;
    const age = this.#newest - serial;
    return age < this.length && this.value(age) === value && this.name(age) === name;
  }

  find(name: string, value: string): Serial {
    for (let index = STATIC_INDEX.get(name) ?? NOT_FOUND; index !== NOT_FOUND && STATIC_NAMES[index] === name; index++) {
      if (STATIC_VALUES[index] === value) return index;
    }
    const entries = this.#byName.get(name);
    return entries?.serials[entries.values.lastIndexOf(value)] ?? NOT_FOUND;
  }

  /** Some entry of that name. */
  findName(name: string): Serial {
    return STATIC_INDEX.get(name) ?? this.#byName.get(name)?.serials.at(-1) ?? NOT_FOUND;
  }

  /** How many values the dynamic table has for a name. */
  count(name: string): number {
    return this.#byName.get(name)?.values.length ?? 0;
  }

  index(serial: Serial): number {
    return serial <= STATIC_LENGTH ? serial : STATIC_LENGTH + 1 + this.#newest - serial;
  }

  override add(name: string, value: string): boolean {
    if (!super.add(name, value)) return false;
    const entries = this.#byName.get(name);
    this.#newest++;
    if (entries === undefined) this.#byName.set(name, { values: [value], serials: [this.#newest] });
    else {
      entries.values.push(value);
      entries.serials.push(this.#newest);
    }
    return true;
  }

  protected override evicted(name: string): void {
    const entries = this.#byName.get(name);
    if (entries === undefined) return;
    entries.values.shift();
    entries.serials.shift();
    if (entries.values.length === 0) this.#byName.delete(name);
  }
}
