import { isOlderVersion } from '../kube/resource-version.ts';
import type { Manifest } from '../resources/owned.ts';
import { type ApplyRecord, type Child, holderOf, isHeld } from './child.ts';
import { covers, type FieldTree } from './field-ownership.ts';
import { NOBODY } from './write-error.ts';

/** What is remembered of the last write of an object. Lost (a restart), it is told from the object, or costs one apply. */
export interface Applied {
  readonly uid: string;
  /** Of the manifest that was applied. */
  readonly manifest: string;
  /** Of the object that the API server answered with. */
  readonly fingerprint: string;
  readonly resourceVersion: string;
  readonly atMs: number;
}

export interface WriteQuestion {
  /** Digest of the manifest. */
  readonly manifest: string;
  readonly wanted: Manifest;
  /** As the cache has it. */
  readonly live: Child | undefined;
  readonly applied: Applied | undefined;
  readonly owner: { readonly name: string; readonly uid: string };
  readonly nowMs: number;
  /** An object that nobody owns is taken over. */
  readonly adopt: boolean;
}

export type WriteDecision =
  | { readonly action: 'Nothing' }
  /** Ask again after `ms`: the cache may not have seen our own write yet, or the last apply was only just. */
  | { readonly action: 'Later'; readonly ms: number }
  | { readonly action: 'Create' }
  | { readonly action: 'Apply'; readonly uid: string; readonly why: 'Changed' | 'Drifted' | 'NotRemembered' | 'Adopted' }
  /** It is being deleted, or it belonged to a predecessor of the resource and is about to be: its place is free soon. */
  | { readonly action: 'AwaitDeletion' }
  | { readonly action: 'Foreign'; readonly owner: string };

/** A cache that is behind by more than this is believed: etcd may have been restored, with resource versions of the past. */
const CACHE_LAG_MS = 10_000;
/** Somebody who sets a field back again and again is not answered faster than this. */
const DRIFT_APART_MS = 1_000;

export function decideWrite({ manifest, wanted, live, applied, owner, nowMs, adopt }: WriteQuestion): WriteDecision {
  const ageMs = applied === undefined ? Number.POSITIVE_INFINITY : nowMs - applied.atMs;
  const lag: WriteDecision = { action: 'Later', ms: CACHE_LAG_MS - ageMs };
  if (live === undefined) {
    if (applied === undefined || ageMs >= CACHE_LAG_MS) return { action: 'Create' };
    return applied.manifest === manifest ? lag : { action: 'Apply', uid: applied.uid, why: 'Changed' };
  }
  const belongsTo = ownership(live, owner);
  if (belongsTo === 'somebody else') {
    const { uid = '', resourceVersion = '', deletionTimestamp } = live.metadata ?? {};
    if (!adopt || deletionTimestamp !== undefined) return { action: 'Foreign', owner: ownerOf(live) };
    const behind = applied?.uid === uid && isOlderVersion(resourceVersion, applied.resourceVersion) && ageMs < CACHE_LAG_MS;
    return behind ? lag : { action: 'Apply', uid, why: 'Adopted' };
  }
  if (belongsTo === 'a predecessor' || live.metadata?.deletionTimestamp !== undefined) return { action: 'AwaitDeletion' };

  const uid = live.metadata?.uid ?? '';
  if (applied === undefined || applied.uid !== uid) {
    return isAsApplied(live.record, manifest, wanted) ? { action: 'Nothing' } : { action: 'Apply', uid, why: 'NotRemembered' };
  }
  if (applied.manifest !== manifest) return { action: 'Apply', uid, why: 'Changed' };
  if (applied.fingerprint === live.fingerprint) return { action: 'Nothing' };
  if (isOlderVersion(live.metadata?.resourceVersion ?? '', applied.resourceVersion) && ageMs < CACHE_LAG_MS) return lag;
  return ageMs < DRIFT_APART_MS ? { action: 'Later', ms: DRIFT_APART_MS - ageMs } : { action: 'Apply', uid, why: 'Drifted' };
}

/** The manifest is the one that was applied last, and nobody has changed a field of it since. */
function isAsApplied(
  record: ApplyRecord | undefined,
  manifest: string,
  { apiVersion: _apiVersion, kind: _kind, ...wanted }: Manifest,
): boolean {
  if (record?.manifest !== manifest) return false;
  const { name: _name, namespace: _namespace, ...metadata } = wanted.metadata;
  return covers(JSON.parse(record.fields) as FieldTree, { ...wanted, metadata });
}

/**
 * Whom an object belongs to, seen from the resource. One whose controller has our name and another uid is left from before the resource was
 * made anew, and goes; one that was held for that resource stays, and is somebody else's.
 */
function ownership(object: Child, owner: { name: string; uid: string }): 'us' | 'a predecessor' | 'somebody else' {
  const holder = holderOf(object);
  if (holder?.uid === owner.uid) return 'us';
  return holder?.name === owner.name && !isHeld(object) ? 'a predecessor' : 'somebody else';
}

function ownerOf(object: Child): string {
  const controller = object.metadata?.ownerReferences?.find((each) => each.controller === true);
  return controller === undefined ? NOBODY : `${controller.kind} "${controller.name}"`;
}
