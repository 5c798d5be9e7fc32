import type { BalancerConfig, ListenerConfig } from '../model/config.ts';
import { freePort } from './free-port.ts';
import { listenerKey } from './listeners.ts';

/**
 * The ports that workers share. Each of them would share with any process of the same user, so a port that is new is looked at first: whoever
 * else listens there is found out.
 */
export class WorkerPorts {
  readonly #address: string;
  /** By listenerKey. */
  #ports = new Map<string, number>();
  #names = new Map<string, number>();

  constructor(address: string) {
    this.#address = address;
  }

  /** 0: nobody listens for it. */
  of(listener: string): number {
    return this.#names.get(listener) ?? 0;
  }

  /** All of its ports are known already. */
  has(config: BalancerConfig): boolean {
    return config.listeners.every((listener) => this.#known(listener) !== undefined);
  }

  /** Looks at those of `config` that are new, and forgets those that it has no more. Resolves with the first error; that port is left out. */
  async look(config: BalancerConfig): Promise<Error | null> {
    const ports = new Map<string, number>();
    let failure: Error | null = null;
    for (const listener of config.listeners) {
      try {
        ports.set(listenerKey(listener), this.#known(listener) ?? (await freePort(this.#address, listener.bindPort)));
      } catch (error) {
        failure ??= error as Error;
      }
    }
    this.#take(config, ports);
    return failure;
  }

  /** Goes over to `config`, all of whose ports are known. */
  keep(config: BalancerConfig): void {
    this.#take(config, new Map(config.listeners.map((listener) => [listenerKey(listener), this.#known(listener) ?? 0])));
  }

  /** `config` as workers get it: with the ports to bind, without listeners that have none. */
  bind(config: BalancerConfig): BalancerConfig {
    const listeners = config.listeners.flatMap((listener) => {
      const bindPort = this.#ports.get(listenerKey(listener));
      return bindPort === undefined ? [] : [{ ...listener, bindPort }];
    });
    return { ...config, listeners };
  }

  #take(config: BalancerConfig, ports: Map<string, number>): void {
    this.#ports = ports;
    this.#names = new Map(config.listeners.map((listener) => [listener.name, ports.get(listenerKey(listener)) ?? 0]));
  }

  /** A port that is ours under another name or protocol stays ours. */
  #known(listener: ListenerConfig): number | undefined {
    const port = this.#ports.get(listenerKey(listener));
    if (port !== undefined) return port;
    return [...this.#ports.values()].find((each) => each === listener.bindPort);
  }
}
