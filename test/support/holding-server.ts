import { type Received, type Reply, ScriptedServer } from './scripted-server.ts';

/** A server that holds what it gets until the test answers it. */
export class HoldingServer {
  readonly held: { target: string; reply: Reply }[] = [];
  /** The most that it ever held at a time. */
  most = 0;
  readonly #server: ScriptedServer;

  private constructor(server: ScriptedServer) {
    this.#server = server;
    server.script = ({ target }, reply) => {
      this.held.push({ target, reply });
      this.most = Math.max(this.most, this.held.length);
    };
  }

  static async start(): Promise<HoldingServer> {
    return new HoldingServer(await ScriptedServer.start(() => {}));
  }

  get port(): number {
    return this.#server.port;
  }

  get requests(): readonly Received[] {
    return this.#server.requests;
  }

  /** Answers what it has held for longest, with its own target. */
  answer(): void {
    const first = this.held.shift();
    first?.reply.send(first.target);
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}
