import type { LookupFunction } from 'node:net';
import type { BackendConfig, ServerProtocol } from '../model/config.ts';
import type { ProxyProtocolVersion } from '../preamble/proxy-header-text.ts';
import { BackendCredentials, type ServerTls } from './backend-credentials.ts';
import type { SecretEvents } from './secret-sources.ts';

/** How the servers of a backend are spoken to. The same object as long as that is the same: another one needs other connections. */
export interface BackendTalk {
  /** Null: clear text. */
  readonly tls: ServerTls | null;
  /** Each connection begins with a PROXY header of this version; null: with none. */
  readonly proxyProtocol: ProxyProtocolVersion | null;
  /** Over TLS, HTTP/2 has to be agreed on. */
  readonly protocol: ServerProtocol;
  /** How a host that is a name is looked up. */
  readonly lookup: LookupFunction;
}

type Spoken = Pick<BackendConfig, 'name' | 'tls' | 'proxyProtocol' | 'protocol'>;

/** Of all backends. */
export class BackendTalks {
  readonly credentials: BackendCredentials;
  readonly #plain: BackendTalk;
  readonly #talks = new Map<string, BackendTalk>();
  #backends: readonly Spoken[] = [];

  constructor(events: (backend: string) => SecretEvents, lookup: LookupFunction) {
    this.#plain = { tls: null, proxyProtocol: null, protocol: 'HTTP1', lookup };
    this.credentials = new BackendCredentials(events);
  }

  of(backend: string): BackendTalk {
    return this.#talks.get(backend) ?? this.#plain;
  }

  configure(backends: readonly Spoken[]): void {
    this.#backends = backends;
    this.credentials.configure(backends);
    this.#renew();
  }

  /** Looks for files that have changed. */
  look(): void {
    this.credentials.look();
    this.#renew();
  }

  #renew(): void {
    const gone = new Set(this.#talks.keys());
    for (const { name, proxyProtocol, protocol } of this.#backends) {
      gone.delete(name);
      const tls = this.credentials.of(name);
      const known = this.#talks.get(name);
      if (known && known.tls === tls && known.proxyProtocol === proxyProtocol && known.protocol === protocol) continue;
      this.#talks.set(name, { tls, proxyProtocol, protocol, lookup: this.#plain.lookup });
    }
    for (const name of gone) this.#talks.delete(name);
  }
}
