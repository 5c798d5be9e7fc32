import type { ListenerConfig } from '../model/config.ts';
import type { ProxyContext, Route } from '../proxy/context.ts';
import { HttpListener } from '../proxy/http-listener.ts';
import type { Listener } from '../proxy/listener.ts';
import { TcpListener } from '../proxy/tcp-listener.ts';
import { TlsListener } from '../proxy/tls-listener.ts';

const LISTENERS = { HTTP: HttpListener, HTTPS: HttpListener, TCP: TcpListener, TLS: TlsListener } as const;
export interface ShownCertificate {
  readonly listener: string;
  readonly secret: string;
  readonly notAfter: number;
}

/** Something to ask now and then whether connections have ended. */
const LOOK_MS = 20;

/** The ports that are listened on, kept in step with the configuration: what stays in it keeps its connections. */
export class Listeners {
  readonly #context: ProxyContext;
  readonly #address: string;
  readonly #shared: boolean;
  readonly #open = new Map<string, Listener>();
  readonly #retired = new Set<Listener>();
  #draining = false;

  /** `shared`: other workers listen on the same ports. */
  constructor(context: ProxyContext, address: string, shared: boolean) {
    this.#context = context;
    this.#address = address;
    this.#shared = shared;
  }

  /**
   * Opens, keeps and retires listeners. Resolves when the new ones listen; rejects with the first system error, while the others go on, and
   * the one that failed is tried again with the next configuration.
   */
  async apply(configs: readonly ListenerConfig[], routeOf: (listener: string) => Route | null, drainTimeoutMs: number): Promise<void> {
    const wanted = new Map(configs.map((config) => [listenerKey(config), config]));
    for (const [key, listener] of this.#open) if (!wanted.has(key)) this.#retire(key, listener, drainTimeoutMs);
    const opening: Promise<void>[] = [];
    for (const [key, config] of wanted) {
      const listener = this.#open.get(key);
      const route = routeOf(config.name);
      if (listener) listener.configure(config);
      else if (route) opening.push(this.#begin(key, config, route));
    }
    await Promise.all(opening);
  }

  /** The port that a listener is bound to; 0: it is not. */
  port(name: string): number {
    for (const listener of this.#open.values()) if (listener.route.listener.name === name) return listener.port;
    return 0;
  }

  /** Each has what it needs to serve clients. */
  get ready(): boolean {
    return [...this.#open.values()].every((listener) => listener.ready);
  }

  /** What of their Secrets cannot be used, a sentence each. */
  get problems(): readonly string[] {
    return [...this.#open.values()].flatMap((listener) => listener.problems);
  }

  /** The certificates that clients are shown, with their end in epoch milliseconds. */
  get certificates(): readonly ShownCertificate[] {
    return [...this.#open.values()].flatMap(({ route, certificates }) =>
      certificates.map((each) => ({ listener: route.listener.name, ...each })),
    );
  }

  /** Looks for Secrets that have changed. */
  lookAtSecrets(): void {
    for (const listener of this.#open.values()) listener.lookAtSecrets();
  }

  /** From now on every connection ends with what it is at. */
  drain(): void {
    this.#draining = true;
    for (const listener of this.#open.values()) listener.drain();
  }

  stopAccepting(): void {
    for (const listener of this.#open.values()) listener.stopAccepting();
  }

  /** Resolves when no connection is left, or at the latest after `timeoutMs`. */
  emptied(timeoutMs: number): Promise<void> {
    const { time } = this.#context;
    const deadline = time.now() + timeoutMs;
    return new Promise((resolve) => {
      const stop = this.#context.sweep.every(LOOK_MS, (now) => {
        this.#context.sweep.wake();
        if (this.#connections > 0 && now < deadline) return;
        stop();
        resolve();
      });
      this.#context.sweep.wake();
    });
  }

  close(): void {
    for (const listener of [...this.#open.values(), ...this.#retired]) listener.close();
    this.#open.clear();
    this.#retired.clear();
  }

  get #connections(): number {
    return [...this.#open.values(), ...this.#retired].reduce((sum, listener) => sum + listener.connections, 0);
  }

  async #begin(key: string, config: ListenerConfig, route: Route): Promise<void> {
    const listener = new LISTENERS[config.protocol](this.#context, route);
    listener.configure(config);
    if (this.#draining) listener.drain();
    this.#open.set(key, listener);
    try {
      await listener.listen(this.#address, this.#shared);
    } catch (error) {
      if (this.#open.get(key) === listener) this.#open.delete(key);
      listener.close();
      throw error;
    }
  }

  #retire(key: string, listener: Listener, drainTimeoutMs: number): void {
    this.#open.delete(key);
    this.#retired.add(listener);
    listener.drain();
    listener.stopAccepting();
    const deadline = this.#context.time.now() + drainTimeoutMs;
    const stop = this.#context.sweep.every(LOOK_MS, (now) => {
      if (listener.connections > 0 && now < deadline) return;
      stop();
      listener.close();
      this.#retired.delete(listener);
    });
  }
}

/** What cannot be changed in place. */
export function listenerKey({ name, protocol, bindPort }: ListenerConfig): string {
  return `${name}/${protocol}/${bindPort}`;
}
