import { withDefaults } from '../api/v1alpha1/defaults.ts';
import { resourceName } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import { resolveConfig } from '../config/resolve.ts';
import { EgressRules } from '../egress/rules.ts';
import { isConflict, isNotFound, messageOf } from '../kube/errors.ts';
import type { Urgency } from '../kube/queue.ts';
import type { ObjectName } from '../kube/resources.ts';
import type { EgressConfig } from '../model/config.ts';
import type { Manifest } from '../resources/owned.ts';
import type { Outcome, Problem } from '../status/input.ts';
import { notices } from '../status/notices.ts';
import { buildStatus } from '../status/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import { brokenReferences, invalidity, refusedAddresses } from './acceptance.ts';
import type { Caches } from './caches.ts';
import { isDoubtful, isStill, type Progress, progressAfter } from './carried-out.ts';
import type { NodeEvents } from './node-events.ts';
import type { ObjectWriter, Owner, Written } from './object-writer.ts';
import { type Observation, observe } from './observation.ts';
import { type Plan, plan } from './plan.ts';
import type { RolloutGate } from './rollout-gate.ts';
import type { StatusWriter } from './status-writer.ts';

export interface ReconcilerOptions {
  readonly caches: Caches;
  /** A resource as it is now, asked of the API server; null: there is none. */
  readonly find: (name: ObjectName) => Promise<LoadBalancedService | null>;
  readonly objects: ObjectWriter;
  readonly statuses: StatusWriter;
  readonly events: Pick<NodeEvents, 'record'>;
  readonly balancerImage: string;
  /** Of the operator, as releaseOf() has it. */
  readonly release: string;
  readonly gate: RolloutGate;
  /** Where balancers may connect to, as it is now. */
  readonly egress: () => EgressConfig;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** Reconcile this resource again after `ms`. */
  readonly later: (key: string, ms: number, urgency?: Urgency) => void;
}

/** For the cache to see what was in the way of a write. */
const AFTER_CONFLICT_MS = 1_000;

const NOTHING_WRONG: Outcome = { notAccepted: null, stalled: null, pending: null };
const refused = (problem: Problem): Outcome => ({ notAccepted: problem, stalled: problem, pending: null });

/** Of a resource, for as long as its spec is the same. */
interface Known {
  resource: LoadBalancedService;
  /** What validation found. */
  readonly problem: Problem | null;
  progress: Progress;
}

/**
 * Brings one resource's objects and status to what they should be. A request is a name: all else is read anew from the caches, so it
 * does not matter what happened, or how often, and with nothing to do nothing is sent.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Rejects where it should be tried again; what it met is in the status by then, if that could be written. */
  async reconcile(key: string): Promise<void> {
    const resource = this.#options.caches.resources.get(key);
    // A resource that is being deleted takes its objects with it by their ownerReferences.
    if (resource === undefined || resource.metadata.deletionTimestamp !== undefined) return this.#forget(key);
    const observation = observe(resource, this.#options.caches);
    let failure: unknown = null;
    const outcome = await this.#bringAbout(key, observation).catch((error: unknown): Outcome => {
      failure = error;
      return { ...NOTHING_WRONG, pending: { reason: 'TryingAgain', message: messageOf(error) } };
    });
    this.#options.gate.next();
    await this.#report(key, observation, outcome);
    if (failure !== null) throw failure;
  }

  #forget(key: string): void {
    this.#known.delete(key);
    this.#options.objects.forget(key);
    this.#options.gate.leave(key);
    this.#options.gate.next();
    this.#options.statuses.forget(key);
  }

  async #bringAbout(key: string, observation: Observation): Promise<Outcome> {
    const { resource } = observation;
    const known = this.#recall(key, resource);
    const invalid = known.problem;
    if (invalid !== null || resource.spec.suspend === true) this.#options.gate.stopWaiting(key);
    if (invalid !== null) return refused(invalid);
    const egress = this.#options.egress();
    const broken =
      brokenReferences(resource, (name) => observation.live('Service', name)) ?? refusedAddresses(resource, new EgressRules(egress));
    const base: Outcome = broken === null ? NOTHING_WRONG : refused(broken);
    const spec = withDefaults(resource);
    if (spec.suspend) return base;

    const { balancerImage, release, gate } = this.#options;
    const youngMs = gate.youngMs(key);
    if (youngMs > 0) this.#options.later(key, youngMs);
    const decided = plan({
      observation,
      spec,
      config: resolveConfig(resource, { mode: 'cluster', egress }),
      balancerImage,
      release,
      maxRolling: gate.max,
      granted: gate.isGranted(key),
      young: youngMs > 0,
      othersRolling: () => gate.others(key),
    });
    this.#take(key, decided);
    const outcome = await this.#carryOut(ownerOf(key, resource), decided, observation, known).catch((error: unknown) => {
      // It may have been written before, or by the very request that failed.
      gate.written(key);
      throw error;
    });
    gate.giveBack(key);
    return outcome.stalled === null ? { ...base, pending: outcome.pending } : outcome;
  }

  /** Stops at the first object that is refused: what comes after it would not go with what runs. */
  async #carryOut(owner: Owner, decided: Plan, observation: Observation, known: Known): Promise<Outcome> {
    const { manifests, prune, pending, wave, adopt, refused: problem } = decided;
    const { objects, gate } = this.#options;
    if (problem !== null) return refused(problem);
    // As they were when the manifests were decided: one made for an object that is there must not be the first of one that has gone since.
    const seen = new Map(manifests.map((manifest) => [manifest, observation.live(manifest.kind, manifest.metadata.name)]));
    const live = (manifest: Manifest) => seen.get(manifest);
    const adopts = ({ kind, metadata }: Manifest): boolean => kind === 'Service' && metadata.name === adopt;
    const decisions = manifests.map((manifest) => objects.decide(owner, manifest, live(manifest), adopts(manifest)));
    const foreign = manifests.find((_, index) => decisions[index]?.action === 'Foreign');
    const sent = foreign === undefined ? decisions.filter((_, index) => !objects.isHeldBack(owner, manifests[index] as Manifest)) : [];
    if (isDoubtful(known.progress, sent) && !(await this.#isCurrent(observation.resource))) return this.#waitForCache(owner.key, pending);
    let awaiting: Problem | null = null;
    for (const manifest of foreign === undefined ? manifests : [foreign]) {
      const written = await objects.ensure(owner, manifest, live(manifest), adopts(manifest));
      this.#comeBack(owner.key, written);
      if (manifest === wave && written.state === 'InPlace') gate.written(owner.key);
      if (written.state === 'Refused') return refused(written.problem);
      if (written.state === 'NamespaceGoing')
        return waitingFor({ reason: 'NamespaceTerminating', message: 'the namespace is being deleted' });
      if (written.state === 'AwaitDeletion') awaiting ??= beingDeleted(manifest);
    }
    if (awaiting !== null) return waitingFor(awaiting);
    const isWhole = pending === null && wave === null && decided.rollout !== 'Wait';
    known.progress = progressAfter(known.progress, decisions, isWhole);
    if (prune.length > 0 && !(await this.#isCurrent(observation.resource))) return this.#waitForCache(owner.key, pending);
    for (const child of prune) await objects.delete(owner, child);
    return waitingFor(pending);
  }

  /** At once, before anything is awaited: what other workers decide meanwhile counts it. */
  #take(key: string, { rollout, wave }: Plan): void {
    const { gate } = this.#options;
    if (rollout === 'Wait') gate.wait(key);
    else if (rollout === 'Go') gate.grant(key);
    else if (wave !== null) gate.stopWaiting(key);
    else gate.leave(key);
  }

  /**
   * Nothing is deleted by a spec of the past, and nothing made or put back: a watch may be silent, another leader further than this one, and
   * etcd restored.
   */
  async #isCurrent(resource: LoadBalancedService): Promise<boolean> {
    const { name = '', namespace } = resource.metadata;
    return isStill(resource, await this.#options.find({ name, namespace }));
  }

  #waitForCache(key: string, pending: Problem | null): Outcome {
    this.#options.logger.debug('the resource is not what the cache holds any more: nothing is done by that', { resource: key });
    this.#options.later(key, AFTER_CONFLICT_MS);
    return waitingFor(pending);
  }

  #comeBack(key: string, written: Written): void {
    if ((written.state === 'InPlace' || written.state === 'Refused') && written.laterMs !== null) this.#options.later(key, written.laterMs);
  }

  #recall(key: string, resource: LoadBalancedService): Known {
    const known = this.#known.get(key);
    if (known !== undefined && isStill(known.resource, resource)) {
      known.resource = resource;
      return known;
    }
    const anew: Known = { resource, problem: invalidity(resource), progress: 'New' };
    this.#known.set(key, anew);
    return anew;
  }

  async #report(key: string, observation: Observation, outcome: Outcome): Promise<void> {
    const { statuses, events, later, wallClock, logger } = this.#options;
    const waitMs = statuses.waitMs(key);
    if (waitMs > 0) return later(key, waitMs, 'Urgent');

    const { resource, views, balancers, servers, liveConfig } = observation;
    const previous = statuses.previous(key, resource);
    const nowMs = wallClock();
    const result = buildStatus({
      resource,
      previous,
      views,
      balancers,
      servers,
      outcome,
      configGeneration: liveConfig?.config.generation ?? 0,
      nowMs,
      heartbeatWrittenAtMs: statuses.heartbeatWrittenAtMs(key),
    });
    if (result.heartbeat.dueAtMs !== null) later(key, result.heartbeat.dueAtMs - nowMs);
    const dwellMs = statuses.dwellMs(key, previous, result.status);
    if (dwellMs > 0) return later(key, dwellMs);
    try {
      if (!(await statuses.write(key, resource, previous, result))) return;
    } catch (error) {
      if (isNotFound(error)) return;
      // It has changed since the cache saw it, or was made anew: what is told is made again, from what it is by then.
      if (isConflict(error)) return later(key, AFTER_CONFLICT_MS);
      throw error;
    }
    for (const notice of notices(previous, result.status, result.failovers)) {
      logger.info(notice.note, { resource: key, reason: notice.reason });
      events.record(resource, notice);
    }
  }
}

function ownerOf(key: string, resource: LoadBalancedService): Owner {
  return { key, name: resourceName(resource), uid: resource.metadata.uid ?? '' };
}

function waitingFor(pending: Problem | null): Outcome {
  return { ...NOTHING_WRONG, pending };
}

function beingDeleted({ kind, metadata }: Manifest): Problem {
  return { reason: 'AwaitingDeletion', message: `${kind} "${metadata.name}" is being deleted, and is made anew when it is gone` };
}
