import { createHash, randomBytes } from 'node:crypto';
import type { BalancerConfig } from '../model/config.ts';
import { JsonAccessLog } from '../proxy/access-log.ts';
import { Admission } from '../proxy/admission.ts';
import type { ProxyContext } from '../proxy/context.ts';
import { ProxyMetrics } from '../proxy/proxy-metrics.ts';
import { RetryBudget } from '../proxy/retry-budget.ts';
import { sendGathered } from '../proxy/turn-writes.ts';
import type { Upstream } from '../proxy/upstream.ts';
import type { Registry } from '../telemetry/metrics.ts';
import type { EndpointLoad, Frontend, FrontendSurroundings } from './frontend.ts';
import { GroupRoute } from './group-route.ts';
import { Listeners, type ShownCertificate } from './listeners.ts';
import type { Pool } from './pool.ts';

/** This very process takes the requests. It looks at the pool itself, so nobody has to tell it of endpoints and their health. */
export class ProcessFrontend implements Frontend {
  readonly #pool: Pool;
  readonly #registry: Registry;
  readonly #context: ProxyContext;
  readonly #budget: RetryBudget;
  readonly #listeners: Listeners;
  readonly #routes = new Map<string, GroupRoute>();

  /** `workers`: among so many are limits shared out that hold for the whole balancer, this process being one of them. */
  constructor(surroundings: FrontendSurroundings, workers = 1) {
    const { clock, random, time, sweep, pool, registry, logger, address, accessLogStream } = surroundings;
    this.#pool = pool;
    this.#registry = registry;
    this.#budget = new RetryBudget(0, clock, workers);
    this.#context = {
      time,
      random,
      logger,
      sweep,
      observer: pool,
      budget: this.#budget,
      admission: new Admission(process.nextTick, afterTurn, clock),
      metrics: new ProxyMetrics(registry),
      accessLog: new JsonAccessLog(accessLogStream ?? process.stdout),
      pseudonym: '',
    };
    this.#listeners = new Listeners(this.#context, address, workers > 1);
  }

  configure(config: BalancerConfig): Promise<void> {
    this.#context.pseudonym ||= pseudonymOf(config);
    this.#budget.percent = config.failover.retryBudgetPercent;
    this.#route(config);
    return this.#listeners.apply(config.listeners, (name) => this.#routes.get(name) ?? null, config.failover.drainTimeoutMs);
  }

  setEndpoints(): void {}

  believe(): void {}

  checked(): void {}

  port(listener: string): number {
    return this.#listeners.port(listener);
  }

  get certificates(): readonly ShownCertificate[] {
    return this.#listeners.certificates;
  }

  get ready(): boolean {
    return this.#listeners.ready;
  }

  get problems(): readonly string[] {
    return this.#listeners.problems;
  }

  lookAtSecrets(): void {
    this.#listeners.lookAtSecrets();
  }

  loadOf(upstream: Upstream): EndpointLoad {
    return upstream;
  }

  metrics(): string {
    return this.#registry.render();
  }

  drain(): void {
    this.#listeners.drain();
  }

  stopAccepting(): void {
    this.#listeners.stopAccepting();
  }

  emptied(timeoutMs: number): Promise<void> {
    return this.#listeners.emptied(timeoutMs);
  }

  close(): Promise<void> {
    this.#listeners.close();
    return this.#context.accessLog.close();
  }

  #route(config: BalancerConfig): void {
    for (const listener of config.listeners) {
      const group = this.#pool.group(listener.name);
      const route = this.#routes.get(listener.name);
      if (route) route.configure(config);
      else if (group) this.#routes.set(listener.name, new GroupRoute(listener, group, config));
    }
    for (const name of this.#routes.keys()) if (!this.#pool.group(name)) this.#routes.delete(name);
  }
}

function afterTurn(run: () => void): void {
  setImmediate(() => {
    run();
    sendGathered();
  });
}

/** Unique to a resource, the same for all its balancers. Without a resource's uid (local mode) it is of this process. */
function pseudonymOf({ uid, namespace, name }: BalancerConfig): string {
  const source = uid === '' ? `${namespace}/${name}/${randomBytes(8).toString('hex')}` : uid;
  return `evenkeel-${createHash('sha256').update(source).digest('hex').slice(0, 12)}`;
}
