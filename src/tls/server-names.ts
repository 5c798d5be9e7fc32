/** Which of several values goes with the host that a client asks for (SNI, RFC 6066 §3): exact names first, then wildcards, then the first. */
export class ServerNames<T> {
  readonly #exact = new Map<string, T>();
  /** By what follows the `*.`. */
  readonly #wildcard = new Map<string, T>();
  readonly #first: T;

  /** One entry at least; names in lower case. Of two entries with one name the earlier has it. */
  constructor(entries: readonly [{ readonly names: readonly string[]; readonly value: T }, ...{ names: readonly string[]; value: T }[]]) {
    this.#first = entries[0].value;
    for (const { names, value } of entries) {
      for (const name of names) {
        const [map, key] = name.startsWith('*.') ? [this.#wildcard, name.slice(2)] : [this.#exact, name];
        if (!map.has(key)) map.set(key, value);
      }
    }
  }

  /** `name` is whatever a client has sent. A wildcard stands for one label (RFC 9525 §6.3). */
  pick(name: string): T {
    const wanted = (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
    const dot = wanted.indexOf('.');
    const wildcard = dot > 0 ? this.#wildcard.get(wanted.slice(dot + 1)) : undefined;
    return this.#exact.get(wanted) ?? wildcard ?? this.#first;
  }
}
