import type { KubeObject } from '../api/meta.ts';
import type { EventInput, EventRecorder } from '../kube/events.ts';
import type { Timers } from '../kube/timers.ts';
import { type Notice, type Toll, tollOfNode } from '../status/notices.ts';

export interface NodeEventsOptions {
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly timers: Timers;
  /** Whether Events about nodes may be written; they stand in the namespace `default`. */
  readonly mayTellOfNodes: boolean;
}

/** So many Events of one node and one kind are written as they come; then it is the node's death, and no longer that of some servers. */
const AS_THEY_COME = 10;
/** In this time one more may come, so that a server that flaps for hours is told on its resource for hours. */
const ONE_MORE_MS = 2_000;
/** What comes after those is told when nothing more has come for so long, */
const QUIET_MS = 2_000;
/** or, at the latest, so long after the first of it. */
const AT_MOST_MS = 10_000;

interface Fold {
  readonly node: string;
  /** How many may come now, as of `countedAt`. */
  allowed: number;
  countedAt: number;
  gathering: Gathering | null;
}

interface Gathering {
  readonly resources: Set<string>;
  readonly since: number;
  toll: Toll;
  last: EventInput;
  cancel: () => void;
}

/**
 * Between the reconciler and the recorder: a node that dies takes servers of hundreds of resources with it, each of which has something to
 * tell. The first Events stand on their resources; the rest is told in one Event on the node. What happened to a resource is in its status
 * all the same.
 */
export class NodeEvents {
  readonly #options: NodeEventsOptions;
  /** By node and reason. */
  readonly #folds = new Map<string, Fold>();

  constructor(options: NodeEventsOptions) {
    this.#options = options;
  }

  record(regarding: KubeObject, { type, reason, action, note, toll }: Notice): void {
    const event: EventInput = { regarding, type, reason, action, note };
    const fold = toll === undefined ? null : this.#foldOf(toll.node, reason);
    if (fold !== null && toll !== undefined && (fold.gathering !== null || fold.allowed < 1)) {
      this.#gather(fold, toll, event);
      return;
    }
    if (fold !== null) fold.allowed--;
    this.#options.recorder.record(event);
  }

  /** Tells at once what was gathered. */
  flush(): void {
    for (const fold of this.#folds.values()) this.#tell(fold);
  }

  #foldOf(node: string, reason: string): Fold {
    const now = this.#options.timers.now();
    for (const [key, fold] of this.#folds) {
      fold.allowed = Math.min(AS_THEY_COME, fold.allowed + (now - fold.countedAt) / ONE_MORE_MS);
      fold.countedAt = now;
      if (fold.gathering === null && fold.allowed === AS_THEY_COME) this.#folds.delete(key);
    }
    const key = `${node}/${reason}`;
    const fold = this.#folds.get(key) ?? { node, allowed: AS_THEY_COME, countedAt: now, gathering: null };
    this.#folds.set(key, fold);
    return fold;
  }

  #gather(fold: Fold, toll: Toll, event: EventInput): void {
    const { timers } = this.#options;
    const before = fold.gathering;
    before?.cancel();
    const since = before?.since ?? timers.now();
    const waitMs = Math.min(QUIET_MS, Math.max(0, since + AT_MOST_MS - timers.now()));
    const resources = before?.resources ?? new Set();
    const { uid, namespace, name } = event.regarding.metadata ?? {};
    resources.add(uid ?? `${namespace}/${name}`);
    const sum: Toll = before === null ? toll : add(before.toll, toll);
    fold.gathering = { resources, since, toll: sum, last: event, cancel: timers.after(waitMs, () => this.#tell(fold)) };
  }

  #tell(fold: Fold): void {
    const { gathering, node } = fold;
    if (gathering === null) return;
    gathering.cancel();
    fold.gathering = null;
    const { recorder, mayTellOfNodes } = this.#options;
    // As kubelets do, which know no uid of their node either: kubectl describe finds it by this.
    const regarding = mayTellOfNodes ? { apiVersion: 'v1', kind: 'Node', metadata: { name: node, uid: node } } : gathering.last.regarding;
    const note = tollOfNode(gathering.last.reason, gathering.toll, gathering.resources.size);
    recorder.record({ ...gathering.last, regarding, note });
  }
}

function add(a: Toll, b: Toll): Toll {
  return { node: a.node, endpoints: a.endpoints + b.endpoints, rescued: a.rescued + b.rescued, lost: a.lost + b.lost };
}
