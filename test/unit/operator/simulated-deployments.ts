import type { KubeObject } from '../../../src/api/meta.ts';
import type { Timers } from '../../../src/kube/timers.ts';
import type { Random } from '../../../src/model/clock.ts';
import { digest } from '../../../src/operator/child.ts';
import { INPUTS_ANNOTATION } from '../../../src/operator/rollout-annotations.ts';
import type { Deployment, SimulatedApiServer } from './simulated-cluster.ts';

/** The pods of one template. */
interface ReplicaSet {
  wanted: number;
  /** Pods that there are, each true when it is ready. */
  readonly pods: { readonly name: string; ready: boolean }[];
  /** As the deployment controller knows them. */
  told: { readonly pods: number; readonly ready: number };
}

interface World {
  readonly sets: Map<string, ReplicaSet>;
  /** For whose sake its pods are being replaced: whoever came first; null: they are not. */
  forWhom: 'operator' | 'owner' | null;
}

export interface DeploymentDelays {
  /** Until a controller has looked at what has changed; at most, by chance. */
  readonly controllerMs: number;
  readonly podMs: number;
}

/**
 * What the deployment controller, the ReplicaSet controller and kubelets make of Deployments, with `maxSurge: 1, maxUnavailable: 0`: one pod
 * more, an old one less, and a status that is behind what there is.
 */
export class SimulatedDeployments {
  readonly #api: SimulatedApiServer;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #delays: DeploymentDelays;
  readonly #comesUp: (image: string) => boolean;
  readonly #worlds = new Map<string, World>();
  #pods = 0;
  /** Names that a controller will look at anyway. */
  readonly #due = new Set<string>();

  constructor(api: SimulatedApiServer, timers: Timers, random: Random, delays: DeploymentDelays, comesUp: (image: string) => boolean) {
    this.#api = api;
    this.#timers = timers;
    this.#random = random;
    this.#delays = delays;
    this.#comesUp = comesUp;
    api.onWrite((object, previous) => {
      if (object.kind === 'Deployment') this.#written(object as Deployment, previous as Deployment | undefined);
    });
  }

  /** Deployments whose pods are being replaced for the operator's sake, by what there really is. */
  underWay(): string[] {
    return [...this.#worlds].flatMap(([name, { forWhom }]) => (forWhom === 'operator' ? [name] : []));
  }

  /** One pod, of any, is not ready for a moment. */
  failOne(name: string): void {
    const pods = [...(this.#worlds.get(name)?.sets.values() ?? [])].flatMap((set) => set.pods.filter(({ ready }) => ready));
    const pod = pods[Math.floor(this.#random() * pods.length)];
    if (pod === undefined) return;
    pod.ready = false;
    this.#later(`fail ${pod.name}`, this.#delays.podMs, () => {
      pod.ready = true;
      this.#changed(name);
    });
    this.#changed(name);
  }

  #written(object: Deployment, previous: Deployment | undefined): void {
    const name = object.metadata?.name ?? '';
    const world = this.#worlds.get(name) ?? { sets: new Map<string, ReplicaSet>(), forWhom: null };
    this.#worlds.set(name, world);
    if (previous !== undefined && templateOf(previous) !== templateOf(object)) {
      const inputs = ({ metadata }: Deployment) => metadata?.annotations?.[INPUTS_ANNOTATION];
      world.forWhom ??= inputs(previous) === inputs(object) ? 'operator' : 'owner';
    }
    if (object.metadata?.generation !== previous?.metadata?.generation)
      this.#later(`sync ${name}`, this.#delays.controllerMs, () => this.#sync(name));
  }

  /** As the deployment controller does it: at most one pod more than wanted, and never less than that ready. */
  #sync(name: string): void {
    const deployment = this.#api.get<Deployment>('Deployment', name);
    const world = this.#worlds.get(name);
    if (deployment === undefined || world === undefined) return;
    const { replicas } = deployment.spec;
    const template = templateOf(deployment);
    const current = world.sets.get(template) ?? { wanted: 0, pods: [], told: { pods: 0, ready: 0 } };
    world.sets.set(template, current);
    const sets = [...world.sets.values()];
    const old = sets.filter((set) => set !== current);
    const total = sum(sets, ({ wanted }) => wanted);
    const ready = sum(sets, ({ told }) => told.ready);
    const room = replicas + 1 - total;
    if (current.wanted > replicas) current.wanted = replicas;
    else if (current.wanted < replicas && room > 0) current.wanted += Math.min(room, replicas - current.wanted);
    else {
      let spare = total - replicas - Math.max(0, current.wanted - current.told.ready);
      for (const set of old) {
        const broken = Math.min(spare, set.wanted - Math.min(set.wanted, set.told.ready));
        if (broken > 0) [set.wanted, spare] = [set.wanted - broken, spare - broken];
      }
      let enough = Math.min(spare, ready - replicas);
      for (const set of old) {
        const less = Math.max(0, Math.min(set.wanted, enough));
        [set.wanted, enough] = [set.wanted - less, enough - less];
      }
    }
    for (const [key, set] of world.sets)
      if (set.wanted !== set.pods.length) this.#later(`set ${name} ${key}`, this.#delays.controllerMs, () => this.#scale(name, key));
    this.#tell(name, deployment, current, sets);
    this.#judge(name);
  }

  #tell(name: string, deployment: Deployment, current: ReplicaSet, sets: readonly ReplicaSet[]): void {
    const pods = sum(sets, ({ told }) => told.pods);
    const ready = sum(sets, ({ told }) => told.ready);
    const { replicas } = deployment.spec;
    const complete = current.told.pods === replicas && pods === replicas && ready === replicas;
    const status = {
      observedGeneration: deployment.metadata?.generation,
      replicas: pods,
      updatedReplicas: current.told.pods,
      readyReplicas: ready,
      availableReplicas: ready,
      conditions: [{ type: 'Progressing', status: 'True', reason: complete ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated' }],
    };
    if (JSON.stringify(status) === JSON.stringify(deployment.status)) return;
    this.#api.put('Deployment', name, (live) => ({ ...(live as Deployment), status }));
  }

  /** As the ReplicaSet controller does it. */
  #scale(name: string, key: string): void {
    const set = this.#worlds.get(name)?.sets.get(key);
    if (set === undefined) return;
    while (set.pods.length < set.wanted) {
      const pod = { name: `${name}-${++this.#pods}`, ready: false };
      set.pods.push(pod);
      this.#api.put('Pod', pod.name, () => podOf(pod.name, name, key));
      if (this.#comesUp(key)) {
        this.#later(`pod ${pod.name}`, this.#delays.podMs, () => {
          pod.ready = true;
          this.#changed(name);
        });
      }
    }
    const unreadyFirst = [...set.pods].sort((a, b) => Number(a.ready) - Number(b.ready));
    for (const pod of unreadyFirst.slice(0, set.pods.length - set.wanted)) {
      set.pods.splice(set.pods.indexOf(pod), 1);
      this.#api.remove('Pod', pod.name);
    }
    this.#changed(name);
  }

  /** First the ReplicaSets' status says so, then the deployment controller sees it. */
  #changed(name: string): void {
    this.#judge(name);
    this.#later(`status ${name}`, this.#delays.controllerMs, () => {
      for (const set of this.#worlds.get(name)?.sets.values() ?? []) {
        set.told = { pods: set.pods.length, ready: set.pods.filter(({ ready }) => ready).length };
      }
      this.#later(`sync ${name}`, this.#delays.controllerMs, () => this.#sync(name));
    });
  }

  /** Whether it is done, by what there is. */
  #judge(name: string): void {
    const deployment = this.#api.get<Deployment>('Deployment', name);
    const world = this.#worlds.get(name);
    if (deployment === undefined || world === undefined) return;
    const template = templateOf(deployment);
    const others = [...world.sets].filter(([key]) => key !== template);
    const ready = world.sets.get(template)?.pods.filter((pod) => pod.ready).length ?? 0;
    const left = others.some(([, { wanted, pods }]) => wanted > 0 || pods.length > 0);
    if (!left && ready >= deployment.spec.replicas) world.forWhom = null;
  }

  #later(what: string, atMostMs: number, action: () => void): void {
    if (this.#due.has(what)) return;
    this.#due.add(what);
    this.#timers.after(this.#random() * atMostMs, () => {
      this.#due.delete(what);
      action();
    });
  }
}

function templateOf({ spec }: Deployment): string {
  return JSON.stringify(spec.template);
}

function podOf(name: string, deployment: string, template: string): KubeObject {
  const labels = { 'evenkeel.dev/service': deployment.replace('--balancer', ''), 'pod-template-hash': digest(template) };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', labels } };
}

function sum<T>(of: readonly T[], value: (each: T) => number): number {
  return of.reduce((total, each) => total + value(each), 0);
}
