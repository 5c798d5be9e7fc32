import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Listens, says where, and never comes to accept anybody. */
const PROGRAM = `
const { parentPort } = require('node:worker_threads');
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
`;
/** Linux lets one more wait to be accepted than it was asked to. */
const WAITING = 2;

/** A server on a free port of 127.0.0.1 to which no further connection can be made: as many as may wait to be accepted do. Nobody is refused. */
export class FullServer implements AsyncDisposable {
  readonly port: number;
  readonly #worker: Worker;
  readonly #waiting: readonly Socket[];

  private constructor(port: number, worker: Worker, waiting: readonly Socket[]) {
    this.port = port;
    this.#worker = worker;
    this.#waiting = waiting;
  }

  static async start(): Promise<FullServer> {
    const worker = new Worker(PROGRAM, { eval: true });
    const [port] = (await once(worker, 'message')) as [number];
    const waiting = Array.from({ length: WAITING }, () => connect({ port, host: '127.0.0.1' }).on('error', () => {}));
    await Promise.all(waiting.map((socket) => once(socket, 'connect')));
    return new FullServer(port, worker, waiting);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#waiting) socket.destroy();
    await this.#worker.terminate();
  }
}
