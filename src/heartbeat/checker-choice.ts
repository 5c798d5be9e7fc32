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
  readonly #check: HeartbeatConfig['check']['type'];
  readonly #port: number | null;
  readonly #checker: Checker;
  /** Listeners whose servers speak nothing that a check could: of TCP, and of TLS where we speak none with them. */
  readonly #bytes: ReadonlySet<string>;
  readonly #passing: ReadonlySet<string>;
  readonly #talkOf: (backend: string) => BackendTalk;

  constructor(
    check: HeartbeatConfig['check'],
    listeners: readonly Pick<ListenerConfig, 'name' | 'protocol'>[],
    talkOf: (backend: string) => BackendTalk,
  ) {
    this.#talkOf = talkOf;
    this.#check = check.type;
    this.#port = check.port;
    this.#checker = checkerOf(check);
    const named = (protocol: string) => new Set(listeners.filter((each) => each.protocol === protocol).map(({ name }) => name));
    this.#bytes = named('TCP');
    this.#passing = named('TLS');
  }

  for(endpoint: Endpoint): { checker: Checker; target: CheckTarget } {
    const port = this.#port ?? endpoint.port;
    const { host, backend, portName } = endpoint;
    const { tls, proxyProtocol, protocol, lookup } = this.#talkOf(backend);
    const connectOnly = this.#port === null && (this.#bytes.has(portName) || (this.#passing.has(portName) && tls === null));
    const checker = connectOnly ? tcpChecker : this.#checker;
    // A port of its own for heartbeats is not the one that TLS and the PROXY protocol were configured for.
    if (port !== endpoint.port) return { checker, target: { host, port, tls: null, preface: null, lookup } };
    const speaks = this.#bytes.has(portName) || this.#passing.has(portName) ? null : protocol;
    const http2 = this.#check === 'GRPC' || (this.#check === 'TCP' && speaks === 'HTTP2');
    const target = { host, port, tls, preface: proxyProtocol && proxyHeader(proxyProtocol, null), lookup };
    return { checker, target: http2 ? { ...target, applicationProtocol: 'h2' } : target };
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
