import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Answers after 5 ms with its name and the number of requests of the same `X-Id` that it has run. */
const PROGRAM = `
const ran = new Map();
const server = require('node:http').createServer((request, answer) => {
  if (request.url === '/healthz') return answer.end('ok');
  const id = request.headers['x-id'];
  ran.set(id, (ran.get(id) ?? 0) + 1);
  request.resume();
  console.log('ran ' + id);
  setTimeout(() => answer.end(process.argv[1]), 5);
});
server.listen(Number(process.argv[2]), process.argv[3], () => console.log('port ' + server.address().port));
`;

/** A server in a process of its own, to be killed and frozen. */
export class ChildServer {
  readonly port: number;
  /** The X-Id of each request that it ran, in order. */
  readonly ran: string[];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, ran: string[]) {
    this.#child = child;
    this.port = port;
    this.ran = ran;
  }

  static async start(name: string, port = 0, host = '127.0.0.1'): Promise<ChildServer> {
    const child = spawn(process.execPath, ['-e', PROGRAM, name, String(port), host], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ran: string[] = [];
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    const listening = new Promise<number>((resolve) => {
      lines.on('line', (line) => {
        const [word, value = ''] = line.split(' ');
        if (word === 'port') resolve(Number(value));
        else ran.push(value);
      });
    });
    return new ChildServer(child, await listening, ran);
  }

  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
