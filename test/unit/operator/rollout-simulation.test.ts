import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import type { Random } from '../../../src/model/clock.ts';
import { FakeTimers } from '../../support/fake-timers.ts';
import { seeded } from '../balancing/fixtures.ts';
import { type Deployment, SimulatedApiServer } from './simulated-cluster.ts';
import { SimulatedDeployments } from './simulated-deployments.ts';
import { type SimulatedOperator, startOperator } from './simulated-operator.ts';

/** EVENKEEL_SEED=n runs that one alone; EVENKEEL_SEEDS=n as many from the first. */
const ONE = process.env.EVENKEEL_SEED;
const SEEDS = ONE === undefined ? Array.from({ length: Number(process.env.EVENKEEL_SEEDS ?? 24) }, (_, i) => i + 1) : [Number(ONE)];
const [OLD, NEW, NEWEST, BAD] = ['evenkeel:old', 'evenkeel:new', 'evenkeel:newest', 'evenkeel:bad'] as const;

function resource(name: string, labels: Record<string, string> = {}): LoadBalancedService {
  return {
    apiVersion: 'evenkeel.dev/v1alpha1',
    kind: 'LoadBalancedService',
    metadata: { name, namespace: 'default' },
    spec: {
      ports: [{ name: 'http', port: 80 }],
      backends: [{ name: 'fixed', type: 'Addresses', addresses: [{ host: '10.0.0.7', port: 8080 }] }],
      balancer: { type: 'Dedicated', dedicated: { template: { metadata: { labels } } } },
    },
  };
}

class Simulation {
  readonly random: Random;
  readonly timers = new FakeTimers();
  readonly api: SimulatedApiServer;
  readonly deployments: SimulatedDeployments;
  readonly names: string[];
  readonly max: number;
  readonly #workers: number;
  /** The most that were under way at once for the operator's sake, since it was last asked for. */
  #most = 0;
  #operator: SimulatedOperator | null = null;

  constructor(seed: number) {
    this.random = seeded(seed);
    const slow = this.random() < 0.5;
    const [requestMs, watchMs, controllerMs] = slow ? [300, 2_000, 1_000] : [10, 100, 50];
    this.max = 1 + Math.floor(this.random() * 3);
    this.#workers = 1 + Math.floor(this.random() * 5);
    this.names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].slice(0, 5 + Math.floor(this.random() * 4));
    this.api = new SimulatedApiServer(this.timers, this.random, { requestMs, watchMs });
    this.deployments = new SimulatedDeployments(
      this.api,
      this.timers,
      this.random,
      { controllerMs, podMs: 3_000 },
      (template) => !template.includes(BAD),
    );
    this.api.onWrite(() => {
      this.#most = Math.max(this.#most, this.deployments.underWay().length);
    });
  }

  apply(name: string, labels: Record<string, string> = {}): void {
    const { metadata, ...rest } = resource(name, labels);
    this.api.put('LoadBalancedService', name, (live) => ({ ...live, ...rest, metadata: { ...live?.metadata, ...metadata } }));
  }

  async run(image: string): Promise<void> {
    const started = startOperator(this.api, this.timers, this.random, { image, max: this.max, workers: this.#workers });
    await this.until(
      () => this.#operator !== null,
      started.then((operator) => void (this.#operator = operator)),
    );
  }

  async stop(): Promise<void> {
    const operator = this.#operator;
    this.#operator = null;
    if (operator === null) return;
    if (this.random() < 0.5) return operator.kill();
    let over = false;
    await this.until(
      () => over,
      operator.stop().then(() => void (over = true)),
    );
  }

  /** Moves time on until `condition` holds; fails after ten simulated minutes. */
  async until(condition: () => boolean, _work?: Promise<void>): Promise<void> {
    for (let left = 60_000; !condition(); left--) {
      assert.ok(left > 0, `never came: ${condition}; ${JSON.stringify([...this.images()])}`);
      await this.timers.advance(10);
    }
  }

  most(): number {
    const most = this.#most;
    this.#most = this.deployments.underWay().length;
    return most;
  }

  images(): Map<string, string> {
    return new Map(this.names.map((name) => [name, this.#balancers(name)?.spec.template.spec.containers[0]?.image ?? 'none']));
  }

  scale(name: string): void {
    this.api.put('Deployment', `${name}--balancer`, (live) => {
      const deployment = live as Deployment;
      return { ...deployment, spec: { ...deployment.spec, replicas: 2 + Math.floor(this.random() * 3) } } as Deployment;
    });
  }

  allOf(image: string): boolean {
    return [...this.images().values()].every((each) => each === image) && this.deployments.underWay().length === 0;
  }

  some<T>(of: readonly T[]): T {
    return of[Math.floor(this.random() * of.length)] as T;
  }

  #balancers(name: string): Deployment | undefined {
    return this.api.get<Deployment>('Deployment', `${name}--balancer`);
  }
}

suite('rollouts of the operator, simulated', { timeout: 300_000 }, () => {
  for (const seed of SEEDS) {
    test(`seed ${seed}: never more than may be are under way for the operator's sake, and all come to the last release`, async (context) => {
      const world = new Simulation(seed);
      for (const name of world.names) world.apply(name);
      await world.run(OLD);
      await world.until(() => world.allOf(OLD));
      const releases = [world.some([NEW, BAD]), world.some([OLD, NEWEST]), world.some([OLD, NEW, BAD]), NEWEST];
      for (const release of releases) {
        await world.stop();
        await world.run(release);
        for (let left = Math.floor(world.random() * 20); left > 0; left--) {
          await world.timers.advance(world.random() * 500);
          const name = world.some(world.names);
          const chance = world.random();
          if (chance < 0.1) world.apply(name, { change: String(Math.floor(world.random() * 100)) });
          else if (chance < 0.2) world.scale(name);
          else if (chance < 0.3) world.deployments.failOne(`${name}--balancer`);
        }
      }
      await world.until(() => world.allOf(NEWEST));
      const most = world.most();
      context.diagnostic(`${world.names.length} resources, at most ${world.max}: ${releases.join(', ')}; ${most} at once`);
      assert.ok(most > 0 && most <= world.max, `${most} at once, ${world.max} may be`);
    });
  }
});
