import type { KubeObject } from '../api/meta.ts';
import { SERVICE_LABEL } from '../api/v1alpha1/labels.ts';
import { OPERATOR_FIELD_MANAGER } from '../api/v1alpha1/names.ts';
import type { KubeClient } from '../kube/client.ts';
import { isConflict } from '../kube/errors.ts';
import { type ObjectName, resourceOf } from '../kube/resources.ts';
import type { Manifest } from '../resources/owned.ts';
import type { Problem } from '../status/input.ts';
import type { Logger } from '../telemetry/logger.ts';
import { APPLIED_ANNOTATION, type Child, digest, toChild } from './child.ts';
import { ownedByApply, owns } from './field-ownership.ts';
import { type Applied, decideWrite, type WriteDecision } from './write-decision.ts';
import { isNamespaceGoing, nameConflict, type Refusal, refusalOf } from './write-error.ts';

export type WriteClient = Pick<KubeClient, 'find' | 'apply' | 'mergePatch' | 'delete'>;

/** Holds `replicas` of a Deployment while nobody else owns it, so that letting go of the field does not reset it to 1. */
export const REPLICAS_FIELD_MANAGER = 'evenkeel-replicas';

export type Written =
  /** As it is wanted; `laterMs`: to be looked at again after this. */
  | { readonly state: 'InPlace'; readonly laterMs: number | null }
  /** Its place is taken by an object that is being deleted. */
  | { readonly state: 'AwaitDeletion' }
  | { readonly state: 'Refused'; readonly problem: Problem; readonly laterMs: number }
  | { readonly state: 'NamespaceGoing' };

export interface Owner {
  /** `namespace/name` of the resource. */
  readonly key: string;
  readonly name: string;
  readonly uid: string;
}

interface Memory {
  applied?: Applied;
  /** The manifest that was refused last. It is not sent again before `untilMs`. */
  refused?: { readonly manifest: string; readonly problem: Problem; untilMs: number };
}

export interface ObjectWriterOptions {
  readonly client: WriteClient;
  readonly logger: Logger;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly onWrite?: (verb: 'create' | 'apply' | 'delete', kind: string) => void;
}

const MANAGER = { fieldManager: OPERATOR_FIELD_MANAGER };
/** No object has this version: the first revision of etcd is that of its empty store. */
const NO_VERSION = '1';
const CONVERSIONS = 3;
const NEVER_MS = Number.NEGATIVE_INFINITY;

/**
 * Brings single objects to what is wanted with the fewest writes: none where nothing differs. An apply would merge silently into an object
 * of somebody else, so each says what it is meant for: the first one for no object that is there (it names a version that none has, and
 * meets a conflict where there is one), every later one for the object of a certain uid.
 */
export class ObjectWriter {
  readonly #options: ObjectWriterOptions;
  /** By resource, then by kind and name of the object. */
  readonly #memory = new Map<string, Map<string, Memory>>();

  constructor(options: ObjectWriterOptions) {
    this.#options = options;
  }

  /** The resource is gone. */
  forget(key: string): void {
    this.#memory.delete(key);
  }

  /** The cache has seen the object go: it is no longer there, and not merely unknown to the cache. */
  forgetObject(key: string, { kind, metadata }: Child): void {
    const memory = this.#memory.get(key)?.get(`${kind}/${metadata?.name}`);
    if (memory?.applied?.uid === metadata?.uid) delete memory?.applied;
  }

  /** `adopt`: an object that nobody owns is taken over. */
  decide(owner: Owner, manifest: Manifest, live: Child | undefined, adopt = false): WriteDecision {
    const { applied } = this.#recall(owner, manifest);
    return decideWrite({ manifest: digestOf(manifest), wanted: manifest, live, applied, owner, nowMs: this.#options.now(), adopt });
  }

  /** It was refused, and nothing is sent for it yet. */
  isHeldBack(owner: Owner, manifest: Manifest): boolean {
    return this.#refusedBefore(this.#recall(owner, manifest), manifest) !== null;
  }

  /** Errors that may pass (conflicts, an API server that is away) are thrown. */
  async ensure(owner: Owner, manifest: Manifest, live: Child | undefined, adopt = false): Promise<Written> {
    const memory = this.#recall(owner, manifest);
    const decision = this.decide(owner, manifest, live, adopt);
    if (decision.action === 'Create' || decision.action === 'Apply') {
      const refused = this.#refusedBefore(memory, manifest);
      if (refused !== null) return refused;
    }
    try {
      const written = await this.#act(owner, manifest, decision, memory, live);
      if (written.state !== 'Refused') delete memory.refused;
      // What the cache shows to be in the way, it will show to be gone: nothing needs to be held back then.
      else if (decision.action === 'Foreign' && memory.refused !== undefined) memory.refused.untilMs = 0;
      return written;
    } catch (error) {
      if (isNamespaceGoing(error)) return { state: 'NamespaceGoing' };
      const refusal = refusalOf(error, manifest);
      if (refusal === null) {
        if (isConflict(error)) delete memory.applied;
        throw error;
      }
      return this.#refuse(memory, manifest, refusal);
    }
  }

  async delete(owner: Owner, child: Child): Promise<void> {
    const { name = '', namespace, uid } = child.metadata ?? {};
    const deleted = await this.#options.client.delete(resourceOf(child), { name, namespace }, { uid });
    this.#memory.get(owner.key)?.delete(`${child.kind}/${name}`);
    if (deleted) this.#note('delete', child, 'the spec no longer asks for it');
  }

  #refusedBefore(memory: Memory, manifest: Manifest): Written | null {
    const { refused } = memory;
    const laterMs = (refused?.untilMs ?? 0) - this.#options.now();
    return refused?.manifest === digestOf(manifest) && laterMs > 0 ? { state: 'Refused', problem: refused.problem, laterMs } : null;
  }

  async #act(owner: Owner, manifest: Manifest, decision: WriteDecision, memory: Memory, live: Child | undefined): Promise<Written> {
    switch (decision.action) {
      case 'Nothing':
        // Told from the object alone, which the cache may be behind of: nothing was written now, so nothing that it lacks is yet to come.
        if (live !== undefined && memory.applied?.uid !== live.metadata?.uid) this.#remember(memory, manifest, live, NEVER_MS);
        return { state: 'InPlace', laterMs: null };
      case 'Later':
        return { state: 'InPlace', laterMs: decision.ms };
      case 'AwaitDeletion':
        return { state: 'AwaitDeletion' };
      case 'Foreign':
        return this.#refuse(memory, manifest, nameConflict(manifest, decision.owner));
      case 'Create':
        return this.#create(owner, manifest, memory);
      case 'Apply':
        await this.#apply(manifest, decision.uid, memory);
        this.#note('apply', manifest, decision.why);
        return { state: 'InPlace', laterMs: null };
    }
  }

  async #create(owner: Owner, manifest: Manifest, memory: Memory): Promise<Written> {
    delete memory.applied;
    const anew = marked(manifest, { resourceVersion: NO_VERSION });
    const created = await this.#options.client.apply<KubeObject>(anew, MANAGER).catch((error: unknown) => {
      if (isConflict(error)) return null;
      throw error;
    });
    if (created === null) return this.#createOverExisting(owner, manifest, memory);
    this.#note('create', manifest, 'it was missing');
    this.#remember(memory, manifest, toChild(created));
    return { state: 'InPlace', laterMs: null };
  }

  /** The cache did not show it: it is new, or it has lost the label that the cache selects by, or it is somebody else's. */
  async #createOverExisting(owner: Owner, manifest: Manifest, memory: Memory): Promise<Written> {
    const { name, namespace } = manifest.metadata;
    const found = await this.#options.client.find<KubeObject>(resourceOf(manifest), { name, namespace });
    if (found === null) return { state: 'InPlace', laterMs: 0 };
    const live = toChild(found);
    return this.#act(owner, manifest, this.decide(owner, manifest, live), memory, live);
  }

  async #apply(manifest: Manifest, uid: string, memory: Memory): Promise<void> {
    if (manifest.kind === 'Deployment' && !hasReplicas(manifest)) await this.#holdReplicas(manifest);
    const wanted = marked(manifest, { uid });
    let result = await this.#options.client.apply<KubeObject>(wanted, { ...MANAGER, force: true });
    if ((await this.#handOver(manifest, result)) !== null) {
      result = await this.#options.client.apply<KubeObject>(wanted, { ...MANAGER, force: true });
    }
    this.#remember(memory, manifest, toChild(result));
  }

  /** For objects that an earlier version has created by POST. Null: its fields are ours by apply already. */
  async #handOver(manifest: Manifest, object: KubeObject): Promise<KubeObject | null> {
    const ref = resourceOf(manifest);
    const name: ObjectName = { name: manifest.metadata.name, namespace: manifest.metadata.namespace };
    const except = manifest.kind === 'Deployment' && !hasReplicas(manifest) ? ['spec', 'replicas'] : null;
    let latest: KubeObject | null = object;
    for (let tries = 1; latest !== null; tries++) {
      const managedFields = ownedByApply(latest, OPERATOR_FIELD_MANAGER, except);
      if (managedFields === null) return null;
      const { uid, resourceVersion } = latest.metadata ?? {};
      try {
        return await this.#options.client.mergePatch<KubeObject>(ref, name, { metadata: { uid, resourceVersion, managedFields } }, MANAGER);
      } catch (error) {
        if (!isConflict(error) || tries === CONVERSIONS) throw error;
        latest = await this.#options.client.find<KubeObject>(ref, name);
      }
    }
    return null;
  }

  /** A server-side apply without a field that only we own removes it, and a Deployment without `replicas` has 1. */
  async #holdReplicas({ apiVersion, kind, metadata }: Manifest): Promise<void> {
    const { name, namespace } = metadata;
    const ref = resourceOf({ apiVersion, kind });
    const live = await this.#options.client.find<KubeObject & { spec?: { replicas?: number } }>(ref, { name, namespace });
    const replicas = live?.spec?.replicas;
    if (live === null || replicas === undefined || !owns(live, OPERATOR_FIELD_MANAGER, ['spec', 'replicas'])) return;
    const hold = {
      apiVersion,
      kind,
      metadata: { name, namespace, ...(live.metadata?.uid ? { uid: live.metadata.uid } : {}) },
      spec: { replicas },
    };
    await this.#options.client.apply<KubeObject>(hold, { fieldManager: REPLICAS_FIELD_MANAGER });
  }

  #recall(owner: Owner, manifest: Manifest): Memory {
    const id = `${manifest.kind}/${manifest.metadata.name}`;
    const ofResource = this.#memory.get(owner.key) ?? new Map<string, Memory>();
    this.#memory.set(owner.key, ofResource);
    const memory = ofResource.get(id) ?? {};
    ofResource.set(id, memory);
    return memory;
  }

  #remember(memory: Memory, manifest: Manifest, { fingerprint, metadata }: Child, atMs = this.#options.now()): void {
    const { uid = '', resourceVersion = '' } = metadata ?? {};
    memory.applied = { uid, resourceVersion, fingerprint, manifest: digestOf(manifest), atMs };
  }

  #refuse(memory: Memory, manifest: Manifest, { problem, retryMs }: Refusal): Written {
    const news = memory.refused?.problem.message !== problem.message;
    memory.refused = { manifest: digestOf(manifest), problem, untilMs: this.#options.now() + retryMs };
    const { kind, metadata } = manifest;
    if (news)
      this.#options.logger.warn('an object cannot be written', { resource: ownerOf(metadata), kind, object: metadata.name, ...problem });
    return { state: 'Refused', problem, laterMs: retryMs };
  }

  #note(verb: 'create' | 'apply' | 'delete', { kind = '', metadata }: KubeObject, why: string): void {
    this.#options.onWrite?.(verb, kind);
    this.#options.logger.info('object written', { resource: ownerOf(metadata), verb, kind, object: metadata?.name, why });
  }
}

const digests = new WeakMap<Manifest, string>();

/** Of one manifest it is asked for up to four times in a reconcile. */
function digestOf(manifest: Manifest): string {
  const found = digests.get(manifest) ?? digest(manifest);
  digests.set(manifest, found);
  return found;
}

/** As it is sent: the object says which manifest it was made from, for an operator that does not remember it. */
function marked(manifest: Manifest, which: { readonly uid: string } | { readonly resourceVersion: string }): Manifest {
  const annotations = { ...manifest.metadata.annotations, [APPLIED_ANNOTATION]: digestOf(manifest) };
  return { ...manifest, metadata: { ...manifest.metadata, ...which, annotations } };
}

/** The LoadBalancedService that an object was made for, for the log: `namespace/name`. */
function ownerOf(metadata: KubeObject['metadata']): string {
  return `${metadata?.namespace ?? ''}/${metadata?.labels?.[SERVICE_LABEL] ?? ''}`;
}

function hasReplicas(manifest: Manifest): boolean {
  return (manifest.spec as { replicas?: number } | undefined)?.replicas !== undefined;
}
