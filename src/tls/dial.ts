import { connect as connectClear, type LookupFunction, type OnReadOpts, Socket } from 'node:net';
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls';
import type { ServerTls } from './backend-credentials.ts';

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** How `host` is looked up where it is a name. */
  readonly lookup: LookupFunction;
  readonly allowHalfOpen?: boolean;
  /** Idle time after which the system probes the connection; never unless given. */
  readonly keepAliveMs?: number;
  readonly onread?: OnReadOpts;
  /** What must be agreed on by ALPN where TLS is spoken; anything unless given. */
  readonly applicationProtocol?: 'h2';
  /** What goes before anything else, TLS included. */
  readonly preface: Buffer | null;
}

/** The connection was not even tried, since there is nothing to verify the server by, or to show to it. */
class CredentialsMissing extends Error {
  override readonly name = 'CredentialsMissing';
  readonly code = 'ECREDENTIALS';
}

/** It speaks TLS, but not what has to be spoken over it. */
class NotAgreed extends Error {
  override readonly name = 'NotAgreed';
  readonly code = 'EALPN';
}

/** Begins to connect to a server, in clear or by TLS. `ready`: bytes may be exchanged, with whom they should be. Errors come as the socket's own. */
export function dial(options: DialOptions, tls: ServerTls | null, ready: () => void): Socket {
  if (tls === null) return clear(options, options.onread).once('connect', ready);
  if (tls.context === null) {
    return new Socket().destroy(new CredentialsMissing(`no credentials to connect to ${options.host}:${options.port}`));
  }
  return secure(options, tls.context, tls.hostname).once('secureConnect', ready);
}

function clear({ host, port, lookup, preface, allowHalfOpen = false, keepAliveMs }: DialOptions, onread: OnReadOpts | undefined): Socket {
  const probing = keepAliveMs === undefined ? {} : { keepAlive: true, keepAliveInitialDelay: keepAliveMs };
  const socket = connectClear({ host, port, lookup, noDelay: true, allowHalfOpen, ...probing, ...(onread ? { onread } : {}) });
  if (preface) socket.write(preface);
  return socket;
}

function secure(options: DialOptions, secureContext: SecureContext, servername: string): TLSSocket {
  const { host, port, lookup, allowHalfOpen = false, keepAliveMs, onread } = options;
  const tls = process.getBuiltinModule('node:tls');
  let socket: TLSSocket;
  const verified = { servername, secureContext, rejectUnauthorized: true, ...agreeing(options, () => socket) };
  if (options.preface) {
    // Over a socket that stands already Node has no `onread`: what is read comes in buffers of its own.
    socket = tls.connect({ socket: clear(options, undefined), ...verified });
    return onread ? socket.on('data', (chunk: Buffer) => void onread.callback(chunk.length, chunk)) : socket;
  }
  const reading: ConnectionOptions & { readonly onread?: OnReadOpts; readonly allowHalfOpen: boolean } = {
    ...(onread ? { onread } : {}),
    allowHalfOpen,
  };
  socket = tls.connect({ ...reading, host, port, lookup, ...verified });
  socket.setNoDelay(true);
  if (keepAliveMs !== undefined) socket.setKeepAlive(true, keepAliveMs);
  return socket;
}

/** Looked at together with the certificate: whoever waits for the connection sees one that stands, with what has to be spoken, or none. */
function agreeing({ host, port, applicationProtocol }: DialOptions, socket: () => TLSSocket): ConnectionOptions {
  if (applicationProtocol === undefined) return {};
  return {
    ALPNProtocols: [applicationProtocol],
    checkServerIdentity: (hostname, certificate) => {
      if (socket().alpnProtocol !== applicationProtocol) {
        return new NotAgreed(`${host}:${port} does not agree to speak ${applicationProtocol} over TLS (ALPN)`);
      }
      return process.getBuiltinModule('node:tls').checkServerIdentity(hostname, certificate);
    },
  };
}
