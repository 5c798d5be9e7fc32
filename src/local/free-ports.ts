import { createServer } from 'node:net';

/** What hinders listening there, or null. `code` is the system's: EADDRINUSE, EACCES, EADDRNOTAVAIL, ... */
export async function listenObstacle(port: number, address: string): Promise<NodeJS.ErrnoException | null> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>();
  const server = createServer();
  server.once('error', (error) => resolve(error));
  server.listen({ port, host: address }, () => server.close(() => resolve(null)));
  return promise;
}

/** Hands out ports for servers of this machine, none twice. */
export class PortAllocator {
  readonly #taken = new Set<number>();

  /** Keeps a port from being handed out: a listener's, or one that is wanted elsewhere. */
  reserve(port: number): void {
    this.#taken.add(port);
  }

  release(port: number): void {
    this.#taken.delete(port);
  }

  /** The next port from `start` upwards that nobody listens on, neither on loopback nor on all addresses. Rejects when there is none. */
  async next(start: number): Promise<number> {
    for (let port = start; port <= 65535; port += 1) {
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      const obstacle = (await listenObstacle(port, '127.0.0.1')) ?? (await listenObstacle(port, '0.0.0.0'));
      if (obstacle === null) return port;
      this.#taken.delete(port);
      // A port below 1024 stays forbidden for its neighbours too, but those above are worth a try.
      if (obstacle.code !== 'EADDRINUSE' && obstacle.code !== 'EACCES') throw obstacle;
    }
    throw new Error(`no port is free from ${start} to 65535`);
  }
}
