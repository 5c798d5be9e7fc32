import { isDeepStrictEqual } from 'node:util';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { WriteDecision } from './write-decision.ts';

/** How far this operator has brought a spec: nothing of it is certain, all of its objects were written once, or nothing was left to do. */
export type Progress = 'New' | 'Written' | 'CarriedOut';

/**
 * Whether what is to be written may be asked for by a spec of the past. What the cache holds of a resource can be behind what it holds of
 * its objects: after an etcd that was restored, or while a watch is silent. Seen from there, the objects of the spec that counts are
 * missing ones and changed ones. A spec that is new to us cannot have been followed by what we see; one that was carried out
 * before can, and asks for nothing new by itself, so that the question costs no ordinary change anything.
 */
export function isDoubtful(progress: Progress, decisions: readonly WriteDecision[]): boolean {
  if (progress === 'New') return false;
  return decisions.some(
    (decision) =>
      decision.action === 'Create' || (decision.action === 'Apply' && (progress === 'CarriedOut' || decision.why !== 'Changed')),
  );
}

/** After all that was decided was done. `isWhole`: nothing has to come about before the rest can be done. */
export function progressAfter(before: Progress, decisions: readonly WriteDecision[], isWhole: boolean): Progress {
  const isDone = isWhole && decisions.every(({ action }) => action === 'Nothing');
  return isDone || before === 'CarriedOut' ? 'CarriedOut' : 'Written';
}

/**
 * Whether `now`, what the API server answers or a cache holds by now, is the resource that was seen before, with that spec. The generation
 * alone does not tell: counted on from a backup of etcd, it comes again with another spec.
 */
export function isStill({ metadata, spec }: LoadBalancedService, now: LoadBalancedService | null): boolean {
  return (
    now !== null &&
    now.metadata.uid === metadata.uid &&
    now.metadata.deletionTimestamp === undefined &&
    now.metadata.generation === metadata.generation &&
    isDeepStrictEqual(now.spec, spec)
  );
}
