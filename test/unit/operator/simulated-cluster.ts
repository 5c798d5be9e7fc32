import type { KubeObject } from '../../../src/api/meta.ts';
import type { KubeClient, ListOptions } from '../../../src/kube/client.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import { type ObjectName, type ResourceRef, Resources, resourceOf } from '../../../src/kube/resources.ts';
import { sleep, type Timers } from '../../../src/kube/timers.ts';
import type { WatchEvent } from '../../../src/kube/watch.ts';
import type { Random } from '../../../src/model/clock.ts';

export interface Delays {
  /** Each way between a client and the API server, in milliseconds, at most; this and the others by chance. */
  readonly requestMs: number;
  /** Until a watch tells of a write. */
  readonly watchMs: number;
}

type Listener = (event: WatchEvent<KubeObject>) => void;

/** An API server in memory, whose answers and watches take their time. Writes are those that the operator sends, no more. */
export class SimulatedApiServer {
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #delays: Delays;
  readonly #objects = new Map<string, KubeObject>();
  readonly #watches = new Map<string, Set<Listener>>();
  readonly #history: { readonly kind: string; readonly event: WatchEvent<KubeObject> }[] = [];
  readonly #listeners: ((object: KubeObject, previous: KubeObject | undefined) => void)[] = [];
  #version = 1;

  constructor(timers: Timers, random: Random, delays: Delays) {
    this.#timers = timers;
    this.#random = random;
    this.#delays = delays;
  }

  /** Called at each write, as it happens. */
  onWrite(listener: (object: KubeObject, previous: KubeObject | undefined) => void): void {
    this.#listeners.push(listener);
  }

  get<T extends KubeObject>(kind: string, name: string): T | undefined {
    return this.#objects.get(`${kind}/${name}`) as T | undefined;
  }

  /** A write by anybody: what `change` makes of the object as it is. */
  put(kind: string, name: string, change: (object: KubeObject | undefined) => KubeObject): KubeObject {
    const key = `${kind}/${name}`;
    const previous = this.#objects.get(key);
    const made = change(previous);
    const version = String(++this.#version);
    const sameSpec = previous !== undefined && JSON.stringify(versioned(made)) === JSON.stringify(versioned(previous));
    const generation = (previous?.metadata?.generation ?? 0) + (sameSpec ? 0 : 1);
    const uid = previous?.metadata?.uid ?? `uid-${version}`;
    const object = { ...made, metadata: { ...made.metadata, uid, generation, resourceVersion: version } };
    this.#objects.set(key, object);
    this.#tell(kind, { type: previous === undefined ? 'ADDED' : 'MODIFIED', object });
    for (const listener of this.#listeners) listener(object, previous);
    return object;
  }

  remove(kind: string, name: string): void {
    const key = `${kind}/${name}`;
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    this.#tell(kind, {
      type: 'DELETED',
      object: { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } },
    });
  }

  /** `alive`: while it says no, nothing is sent; what is on the way arrives. */
  client(alive: () => boolean): KubeClient {
    const request = async <T>(answer: () => T): Promise<T> => {
      if (!alive()) throw new Error('this operator has ended');
      await this.#pause(this.#delays.requestMs);
      const given = answer();
      await this.#pause(this.#delays.requestMs);
      return given;
    };
    const client = {
      list: (ref: ResourceRef, { keep = (object) => object }: ListOptions = {}) =>
        request(() => {
          const objects = [...this.#objects.values()].filter((object) => object.kind === ref.kind);
          return { items: objects.map(keep), resourceVersion: String(this.#version) };
        }),
      find: (ref: ResourceRef, { name }: ObjectName) => request(() => this.#objects.get(`${ref.kind}/${name}`) ?? null),
      apply: (object: KubeObject) => request(() => this.#apply(object)),
      applyStatus: (object: KubeObject & { status?: unknown }) =>
        request(() =>
          this.put(
            object.kind ?? '',
            object.metadata?.name ?? '',
            (live) => ({ ...this.#same(object, live), status: object.status }) as KubeObject,
          ),
        ),
      mergePatch: () => Promise.reject(new Error('not simulated')),
      delete: () => Promise.reject(new Error('not simulated')),
      watch: (ref: ResourceRef, options: { resourceVersion: string; signal: AbortSignal; onOpen?: () => void }, onEvent: Listener) =>
        this.#watch(ref.kind, options, onEvent),
    };
    return client as unknown as KubeClient;
  }

  #tell(kind: string, event: WatchEvent<KubeObject>): void {
    this.#history.push({ kind, event });
    for (const tell of this.#watches.get(kind) ?? []) tell(event);
  }

  #apply(wanted: KubeObject): KubeObject {
    const name = wanted.metadata?.name ?? '';
    return this.put(resourceOf(wanted).kind, name, (live) => {
      if (wanted.metadata?.resourceVersion !== undefined && live !== undefined) throw conflict(name);
      if (live === undefined) return wanted;
      const { spec, status } = this.#same(wanted, live) as Deployment;
      const { spec: wantedSpec } = wanted as Deployment;
      // `replicas` is the only field that somebody else owns here.
      const kept = spec?.replicas === undefined || wanted.kind !== 'Deployment' ? {} : { replicas: spec.replicas };
      return {
        ...wanted,
        ...(wantedSpec === undefined ? {} : { spec: { ...kept, ...wantedSpec } }),
        ...(status === undefined ? {} : { status }),
      };
    });
  }

  #same(wanted: KubeObject, live: KubeObject | undefined): KubeObject {
    const { uid, resourceVersion } = wanted.metadata ?? {};
    if (live === undefined || (uid ?? live.metadata?.uid) !== live.metadata?.uid) throw conflict(wanted.metadata?.name ?? '');
    if (wanted.kind === Resources.LoadBalancedService.kind && resourceVersion !== live.metadata?.resourceVersion) {
      throw conflict(wanted.metadata?.name ?? '');
    }
    return live;
  }

  /** In order, each some time after it happened. */
  async #watch(
    kind: string,
    { resourceVersion, signal, onOpen }: { readonly resourceVersion: string; readonly signal: AbortSignal; readonly onOpen?: () => void },
    onEvent: Listener,
  ): Promise<void> {
    onOpen?.();
    const since = Number(resourceVersion);
    const missed = this.#history.filter((each) => each.kind === kind && Number(each.event.object.metadata?.resourceVersion) > since);
    let told: Promise<void> = Promise.resolve();
    const tell: Listener = (event) => {
      const delay = this.#pause(this.#delays.watchMs);
      told = told
        .then(() => delay)
        .then(() => {
          if (!signal.aborted) onEvent(event);
        });
    };
    for (const { event } of missed) tell(event);
    const listeners = this.#watches.get(kind) ?? new Set();
    this.#watches.set(kind, listeners.add(tell));
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    listeners.delete(tell);
  }

  #pause(atMostMs: number): Promise<void> {
    return sleep(this.#timers, this.#random() * atMostMs);
  }
}

export interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
  readonly status?: Record<string, unknown>;
}

/** What `metadata.generation` counts the changes of: of a Deployment its annotations too. */
function versioned({ kind, metadata, spec }: KubeObject & { spec?: unknown }): unknown {
  return [spec, kind === 'Deployment' ? metadata?.annotations : null];
}

function conflict(name: string): ApiError {
  return new ApiError(`apply ${name}`, { code: 409, reason: 'Conflict', message: 'the object has changed', details: {} });
}
