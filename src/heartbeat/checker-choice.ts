import type { HeartbeatConfig, ListenerConfig } from '../model/config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Checker, CheckTarget } from './checker.ts';
import { grpcChecker } from './grpc-checker.ts';
import { httpChecker } from './http-checker.ts';
import { tcpChecker } from './tcp-checker.ts';

/** How and where each endpoint is checked under one configuration. */
export class CheckerChoice {
  readonly #port: number | null;
  readonly #checker: Checker;
  readonly #connectOnly: ReadonlySet<string>;

  constructor(check: HeartbeatConfig['check'], listeners: readonly Pick<ListenerConfig, 'name' | 'protocol'>[]) {
    this.#port = check.port;
    this.#checker = checkerOf(check);
    const tcp = listeners.filter((listener) => listener.protocol === 'TCP').map((listener) => listener.name);
    this.#connectOnly = new Set(check.type !== 'TCP' && check.port === null ? tcp : []);
  }

  for(endpoint: Endpoint): { checker: Checker; target: CheckTarget } {
    const checker = this.#connectOnly.has(endpoint.portName) ? tcpChecker : this.#checker;
    return { checker, target: { host: endpoint.host, port: this.#port ?? endpoint.port } };
  }
}

function checkerOf(check: HeartbeatConfig['check']): Checker {
  switch (check.type) {
    case 'HTTP':
      return httpChecker(check);
    case 'GRPC':
      return grpcChecker(check);
    case 'TCP':
      return tcpChecker;
  }
}
