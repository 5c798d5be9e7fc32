import type { SecureContext } from 'node:tls';
import type { BackendConfig, BackendTlsConfig } from '../model/config.ts';
import type { KeyPair } from './certificate.ts';
import { authoritySource, certificateSource, type SecretEvents, type SecretSource, SecretWatch } from './secret-sources.ts';
import { secureSettings } from './settings.ts';

/** How TLS is spoken with the servers of a backend. The same object as long as that is not configured otherwise. */
export class ServerTls {
  readonly config: BackendTlsConfig;
  readonly #watch: SecretWatch;
  readonly #authorities: SecretSource<string>;
  readonly #certificate: SecretSource<KeyPair> | null;
  #context: SecureContext | null = null;

  constructor(config: BackendTlsConfig, events: SecretEvents) {
    this.config = config;
    this.#watch = new SecretWatch(events);
    this.#authorities = authoritySource(config.ca);
    this.#certificate = config.certificate && certificateSource(config.certificate);
    this.look();
  }

  get hostname(): string {
    return this.config.hostname;
  }

  /** Null: a Secret is missing, so that no server could be verified, or none would let us in. */
  get context(): SecureContext | null {
    return this.#context;
  }

  get problems(): readonly string[] {
    return this.#watch.problems;
  }

  /** Looks for files that have changed. */
  look(): void {
    if (!this.#watch.look(this.#certificate ? [this.#certificate] : [], [this.#authorities])) return;
    const ca = this.#authorities.content.value;
    const pair = this.#certificate?.content.value ?? null;
    if (ca === null || (this.#certificate !== null && pair === null)) return;
    const { createSecureContext } = process.getBuiltinModule('node:tls');
    this.#context = createSecureContext({ ...secureSettings('1.2'), ca, ...(pair ? { cert: pair.cert, key: pair.key } : {}) });
  }
}

interface Entry {
  readonly wanted: ServerTls | null;
  inUse: ServerTls | null;
}

/** Of all backends. What a backend had goes on until what it is to have can be used. */
export class BackendCredentials {
  readonly #events: (backend: string) => SecretEvents;
  readonly #entries = new Map<string, Entry>();

  constructor(events: (backend: string) => SecretEvents) {
    this.#events = events;
  }

  /** Null: clear text. */
  of(backend: string): ServerTls | null {
    return this.#entries.get(backend)?.inUse ?? null;
  }

  /** No backend lacks what it needs to connect. */
  get ready(): boolean {
    return [...this.#entries.values()].every(({ inUse }) => inUse === null || inUse.context !== null);
  }

  /** One sentence for each Secret that is not used as it is. */
  get problems(): readonly string[] {
    return [...this.#entries].flatMap(([name, { wanted }]) => (wanted?.problems ?? []).map((problem) => `backend ${name}: ${problem}`));
  }

  configure(backends: readonly Pick<BackendConfig, 'name' | 'tls'>[]): void {
    const gone = new Set(this.#entries.keys());
    for (const { name, tls } of backends) {
      gone.delete(name);
      const known = this.#entries.get(name);
      if (known && JSON.stringify(known.wanted?.config ?? null) === JSON.stringify(tls)) continue;
      const wanted = tls && new ServerTls(tls, this.#events(name));
      const usable = wanted === null || wanted.context !== null;
      this.#entries.set(name, { wanted, inUse: usable || !known ? wanted : known.inUse });
    }
    for (const name of gone) this.#entries.delete(name);
  }

  /** Looks for files that have changed. */
  look(): void {
    for (const entry of this.#entries.values()) {
      entry.wanted?.look();
      if (entry.wanted?.context) entry.inUse = entry.wanted;
    }
  }
}
