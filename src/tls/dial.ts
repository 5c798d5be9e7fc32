import { connect as connectClear, type OnReadOpts, Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecure } from 'node:tls';
import type { ServerTls } from './backend-credentials.ts';

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly allowHalfOpen?: boolean;
  /** Idle time after which the system probes the connection; never unless given. */
  readonly keepAliveMs?: number;
  readonly onread?: OnReadOpts;
}

/** The connection was not even tried, since there is nothing to verify the server by, or to show to it. */
class CredentialsMissing extends Error {
  override readonly name = 'CredentialsMissing';
  readonly code = 'ECREDENTIALS';
}

/** Begins to connect to a server, in clear or by TLS. `ready`: bytes may be exchanged, with whom they should be. Errors come as the socket's own. */
export function dial(
  { host, port, allowHalfOpen = false, keepAliveMs, onread }: DialOptions,
  tls: ServerTls | null,
  ready: () => void,
): Socket {
  const reading = onread === undefined ? {} : { onread };
  if (tls === null) {
    const probing = keepAliveMs === undefined ? {} : { keepAlive: true, keepAliveInitialDelay: keepAliveMs };
    return connectClear({ host, port, noDelay: true, allowHalfOpen, ...probing, ...reading }).once('connect', ready);
  }
  const { context: secureContext, hostname: servername } = tls;
  if (secureContext === null) return new Socket().destroy(new CredentialsMissing(`no credentials to connect to ${host}:${port}`));
  const options: ConnectionOptions & { readonly onread?: OnReadOpts; readonly allowHalfOpen: boolean } = { ...reading, allowHalfOpen };
  const socket = connectSecure({ ...options, host, port, servername, secureContext, rejectUnauthorized: true });
  socket.setNoDelay(true);
  if (keepAliveMs !== undefined) socket.setKeepAlive(true, keepAliveMs);
  return socket.once('secureConnect', ready);
}
