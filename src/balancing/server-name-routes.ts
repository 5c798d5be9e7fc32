/** A backend, and the hosts that it is for: `shop.example`, or `*.example` for all below; lower case. Empty: all that no other one is for. */
export interface NamedBackend {
  readonly name: string;
  readonly serverNames: readonly string[];
}

/** Which backends are for the host that a client of TLS asks for. Names that several backends have are shared by them. */
export class ServerNameRoutes {
  /** Names of backends by server name, as that is written. */
  readonly named: ReadonlyMap<string, ReadonlySet<string>>;
  /** Those for clients whose name nobody has, or who ask for none. */
  readonly rest: ReadonlySet<string>;

  constructor(backends: readonly NamedBackend[]) {
    const named = new Map<string, Set<string>>();
    for (const { name, serverNames } of backends) {
      for (const serverName of serverNames) named.set(serverName, (named.get(serverName) ?? new Set()).add(name));
    }
    this.named = named;
    this.rest = new Set(backends.filter(({ serverNames }) => serverNames.length === 0).map(({ name }) => name));
  }

  /**
   * The name in `named` that is meant by `serverName` (lower case, or null where none is asked for); null: the rest. The most specific one:
   * the name itself, then the wildcard with the most labels, of which a wildcard stands for one or more, as in Gateway API.
   */
  match(serverName: string | null): string | null {
    if (serverName === null) return null;
    if (this.named.has(serverName)) return serverName;
    for (let dot = serverName.indexOf('.'); dot >= 0; dot = serverName.indexOf('.', dot + 1)) {
      const wildcard = `*${serverName.slice(dot)}`;
      if (this.named.has(wildcard)) return wildcard;
    }
    return null;
  }
}
