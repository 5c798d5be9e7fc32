import type { HeartbeatConfig, ListenerConfig } from '../model/config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { proxyHeader } from '../preamble/proxy-header-text.ts';
import type { BackendTalk } from '../tls/backend-talk.ts';
import type { Checker, CheckTarget } from './checker.ts';
import { grpcChecker } from './grpc-checker.ts';
import { httpChecker } from './http-checker.ts';
import { tcpChecker } from './tcp-checker.ts';

/** How and where each endpoint is checked under one configuration. */
export class CheckerChoice {
  readonly #port: number | null;
  readonly #checker: Checker;
  readonly #connectOnly: ReadonlySet<string>;
  readonly #talkOf: (backend: string) => BackendTalk;

  constructor(
    check: HeartbeatConfig['check'],
    listeners: readonly Pick<ListenerConfig, 'name' | 'protocol'>[],
    talkOf: (backend: string) => BackendTalk,
  ) {
    this.#talkOf = talkOf;
    this.#port = check.port;
    this.#checker = checkerOf(check);
    const tcp = listeners.filter((listener) => listener.protocol === 'TCP').map((listener) => listener.name);
    this.#connectOnly = new Set(check.type !== 'TCP' && check.port === null ? tcp : []);
  }

  for(endpoint: Endpoint): { checker: Checker; target: CheckTarget } {
    const checker = this.#connectOnly.has(endpoint.portName) ? tcpChecker : this.#checker;
    const port = this.#port ?? endpoint.port;
    const { host, backend } = endpoint;
    const { tls, proxyProtocol, lookup } = this.#talkOf(backend);
    // A port of its own for heartbeats is not the one that TLS and the PROXY protocol were configured for.
    if (port !== endpoint.port) return { checker, target: { host, port, tls: null, preface: null, lookup } };
    return { checker, target: { host, port, tls, preface: proxyProtocol && proxyHeader(proxyProtocol, null), lookup } };
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
