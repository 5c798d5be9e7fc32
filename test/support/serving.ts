import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Serving extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
}

/** A server of Node's own on a free port. */
export async function serve(handle: (request: IncomingMessage, answer: ServerResponse) => void): Promise<Serving> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { server, port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}
