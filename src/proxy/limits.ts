import { DEFAULT_HEAD_LIMITS, type HeadLimits } from '../http1/types.ts';

/** What one client may take up. Every wait of a client is bounded by one of these; what servers may take is in FailoverConfig. */
export interface ClientLimits {
  readonly head: HeadLimits;
  /** For what comes before a client's own bytes: the PROXY header, and the handshake of TLS, each. */
  readonly handshakeTimeoutMs: number;
  /** From the first byte of a request head to its last; over it: 408. */
  readonly headTimeoutMs: number;
  /** In any such time at least `bodyBytes` of a request body, or its end, must come, while it is read at all; else: 408. */
  readonly bodyTimeoutMs: number;
  readonly bodyBytes: number;
  /** Between requests. */
  readonly idleTimeoutMs: number;
  /** While the client takes none of what we have for it. */
  readonly writeTimeoutMs: number;
  /** Without a byte either way: upgraded and TCP connections. */
  readonly tunnelIdleTimeoutMs: number;
  /** The same, when one side has ended its half. */
  readonly tunnelHalfOpenTimeoutMs: number;
  /** Open client connections of one listener; a further one is closed at once. */
  readonly connections: number;
}

export const DEFAULT_CLIENT_LIMITS: ClientLimits = {
  head: DEFAULT_HEAD_LIMITS,
  handshakeTimeoutMs: 10_000,
  headTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  bodyBytes: 1_024,
  idleTimeoutMs: 75_000,
  writeTimeoutMs: 30_000,
  tunnelIdleTimeoutMs: 3_600_000,
  tunnelHalfOpenTimeoutMs: 60_000,
  connections: 20_000,
};

/** After an answer that closes: for how long and how much we still read, so that a reset does not destroy the answer. */
export const LINGER_MS = 2_000;
export const LINGER_BYTES = 1_048_576;

/** An idle connection to a server: shorter than the 5 s after which Node's own servers, the most impatient ones around, close theirs. */
export const UPSTREAM_IDLE_MS = 4_000;
export const UPSTREAM_IDLE_CONNECTIONS = 1_024;
/** Interim answers (1xx) to one request; over it the upstream is broken: 502. */
export const INTERIM_RESPONSES = 16;
/** Attempts of one request, hedges included. */
export const ATTEMPTS = 8;
