import type { HeartbeatConfig, ListenerConfig } from '../model/config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { ServerTls } from '../tls/backend-credentials.ts';
import type { Checker, CheckTarget } from './checker.ts';
import { httpChecker } from './http-checker.ts';
import { tcpChecker } from './tcp-checker.ts';

/** How and where each endpoint is checked under one configuration. */
export class CheckerChoice {
  readonly #port: number | null;
  readonly #checker: Checker;
  readonly #connectOnly: ReadonlySet<string>;
  readonly #tlsOf: (backend: string) => ServerTls | null;

  constructor(
    check: HeartbeatConfig['check'],
    listeners: readonly Pick<ListenerConfig, 'name' | 'protocol'>[],
    tlsOf: (backend: string) => ServerTls | null,
  ) {
    this.#tlsOf = tlsOf;
    this.#port = check.port;
    this.#checker = check.type === 'HTTP' ? httpChecker(check) : tcpChecker;
    const tcp = listeners.filter((listener) => listener.protocol === 'TCP').map((listener) => listener.name);
    this.#connectOnly = new Set(check.type === 'HTTP' && check.port === null ? tcp : []);
  }

  for(endpoint: Endpoint): { checker: Checker; target: CheckTarget } {
    const checker = this.#connectOnly.has(endpoint.portName) ? tcpChecker : this.#checker;
    const port = this.#port ?? endpoint.port;
    // A port of its own for heartbeats is not the one that the backend's TLS was configured for.
    const tls = port === endpoint.port ? this.#tlsOf(endpoint.backend) : null;
    return { checker, target: { host: endpoint.host, port, tls } };
  }
}
