import type { LookupFunction, Socket } from 'node:net';
import type { HealthReason } from '../model/health.ts';
import type { ServerTls } from '../tls/backend-credentials.ts';
import { ADDRESS_REFUSED } from '../tls/guarded-lookup.ts';

/** Where to, for one check. */
export interface CheckTarget {
  readonly host: string;
  readonly port: number;
  /** How TLS is spoken there; null: clear text. */
  readonly tls: ServerTls | null;
  /** What must be agreed on by ALPN where TLS is spoken; anything unless given. */
  readonly applicationProtocol?: 'h2';
  /** What goes before anything else. */
  readonly preface: Buffer | null;
  readonly lookup: LookupFunction;
}

/**
 * What a check found. `Void`: this process could not even ask (no file descriptor, no local port left), which says nothing of the endpoint.
 */
export type Finding =
  | Extract<
      HealthReason,
      | 'AddressRefused'
      | 'HeartbeatAnswered'
      | 'HeartbeatTimeout'
      | 'HeartbeatRefused'
      | 'HeartbeatTlsFailed'
      | 'HeartbeatBadStatus'
      | 'HeartbeatBadResponse'
    >
  | 'Void';

/** One way of asking an endpoint whether it is there. Every checker passes the suite in test/integration/heartbeat/checker-conformance.ts. */
export interface Checker {
  /**
   * Begins one check. `done` is called at most once, never before this returns, and never after the returned function was called, which
   * gives the check up at once. A checker has no deadline of its own until the answer is there: the schedule keeps it.
   */
  start(target: CheckTarget, done: (finding: Finding) => void): () => void;
}

/** After the answer the rest may take this long, so that the connection can end politely: a reset would be an error in the server's log. */
export const FAREWELL_MS = 1_000;
/** And be so long. */
export const FAREWELL_BYTES = 65_536;

const OUR_OWN_FAULT: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM', 'ECREDENTIALS']);

/** What a socket's error says of the endpoint. */
export function findingOf(error: NodeJS.ErrnoException): Finding {
  const { code = '', syscall } = error;
  if (code === ADDRESS_REFUSED) return 'AddressRefused';
  if (OUR_OWN_FAULT.has(code)) return 'Void';
  // What is no system call's error is TLS's own, but for a connection that ends within the handshake.
  return code === 'EPROTO' || (syscall === undefined && code !== 'ECONNRESET') ? 'HeartbeatTlsFailed' : 'HeartbeatRefused';
}

/**
 * Lets a connection end politely, within bounds, throwing away what still comes: at once where nothing more is `expected`, after so many
 * bytes, or (null) when the endpoint ends it. To end our side in the middle of a response would look like a client that gave up.
 */
export function farewell(socket: Socket, expected: number | null): void {
  let received = 0;
  if (expected === 0) socket.end();
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > FAREWELL_BYTES) socket.destroy();
    else if (expected !== null && received >= expected) socket.end();
  });
  socket.setTimeout(FAREWELL_MS, () => socket.destroy());
}
