import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A port of a pod as a port of this machine. Use with `using`. */
export class PortForward implements Disposable {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(namespace: string, pod: string, port: number): Promise<PortForward> {
    const child = spawn('kubectl', ['port-forward', '-n', namespace, `pod/${pod}`, `:${port}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), once(child, 'exit')])) as [unknown];
    const local = /127\.0\.0\.1:(\d+)/.exec(String(line))?.[1];
    if (local === undefined) throw new Error(`kubectl port-forward to ${pod} of ${namespace} said: ${line}`);
    return new PortForward(child, Number(local));
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}
