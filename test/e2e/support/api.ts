import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { KubeObject } from '../../../src/api/meta.ts';

/** A kubectl that ended with an error; its message holds what it said. */
export class KubectlError extends Error {
  override readonly name = 'KubectlError';
  readonly stdout: string;

  constructor(args: readonly string[], stdout: string, stderr: string) {
    super(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
    this.stdout = stdout;
  }
}

/** Runs kubectl as a user does; resolves to what it printed. */
export function kubectl(args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('kubectl', args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error) reject(new KubectlError(args, stdout, stderr || error.message));
      else resolve(stdout);
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** `kubectl apply` of one object or several. */
export async function apply(...objects: readonly KubeObject[]): Promise<void> {
  await kubectl(['apply', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'));
}

/** metav1.Status: what the API answers when it refuses. */
interface Refusal {
  readonly message?: string;
  readonly reason?: string;
}

/** The API as plain HTTP, through one `kubectl proxy` for the whole test process. The caller says of which type an object is. */
class Api {
  #base: Promise<string> | null = null;

  async request(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<{ status: number; text: string }> {
    this.#base ??= startProxy();
    const response = await fetch(`${await this.#base}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': contentType } }),
    });
    return { status: response.status, text: await response.text() };
  }

  /** The object at `path`, or null where there is none. */
  async get<T extends KubeObject>(path: string): Promise<T | null> {
    const { status, text } = await this.request('GET', path);
    if (status === 404) return null;
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${reason(text)}`);
    return JSON.parse(text) as T;
  }

  async list<T extends KubeObject>(path: string): Promise<T[]> {
    const { status, text } = await this.request('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${reason(text)}`);
    return (JSON.parse(text) as { items: T[] }).items;
  }

  async send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
    const { status, text } = await this.request(
      method,
      path,
      body,
      method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    );
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${reason(text)}`);
    return JSON.parse(text) as T;
  }
}

function reason(text: string): string {
  return text.startsWith('{') ? ((JSON.parse(text) as Refusal).message ?? text) : text;
}

async function startProxy(): Promise<string> {
  const child = spawn('kubectl', ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.unref();
  process.once('exit', () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  const address = /127\.0\.0\.1:[0-9]+/.exec(line)?.[0];
  if (address === undefined) throw new Error(`kubectl proxy said: ${line}`);
  lines.close();
  child.stdout.destroy();
  return `http://${address}`;
}

export const api = new Api();
