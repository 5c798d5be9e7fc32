import type { Socket } from 'node:net';
import type { ProxiedPath } from '../preamble/proxied-path.ts';

/** Between whom a client's connection is: what its sockets say, unless a proxy in front knows better. The same object for all of its requests. */
export class ClientPath implements ProxiedPath {
  readonly source: string;
  readonly #socket: Socket;
  readonly #told: ProxiedPath | null;

  constructor(socket: Socket, told: ProxiedPath | null) {
    this.#socket = socket;
    this.#told = told;
    this.source = told?.source ?? socket.remoteAddress ?? '';
  }

  get sourcePort(): number {
    return this.#told?.sourcePort ?? this.#socket.remotePort ?? 0;
  }

  get destination(): string {
    return this.#told?.destination ?? this.#socket.localAddress ?? '';
  }

  get destinationPort(): number {
    return this.#told?.destinationPort ?? this.#socket.localPort ?? 0;
  }
}
