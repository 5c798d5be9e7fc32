import { createHash } from 'node:crypto';
import type { KubeObject, ObjectMeta } from '../api/meta.ts';
import { BACKEND_LABEL, COMPONENT_LABEL, SERVICE_LABEL } from '../api/v1alpha1/labels.ts';
import { API_VERSION, KIND, OPERATOR_FIELD_MANAGER } from '../api/v1alpha1/names.ts';
import { HOLDER_ANNOTATION } from '../resources/owned.ts';
import { AWAITED_ANNOTATION } from '../resources/retirement.ts';
import type { DeploymentObject } from '../status/workload.ts';
import { appliedFields, ownedByApply } from './field-ownership.ts';
import { INPUTS_ANNOTATION, RELEASE_ANNOTATION, WAVE_ANNOTATION } from './rollout-annotations.ts';

/** A live object that was made for a resource, or a Service of anybody's: no more of it than decisions need. */
export interface Child extends KubeObject {
  /** Of all that somebody may change on purpose: two of them differ where one of those fields does. Empty where it is not ours. */
  readonly fingerprint: string;
  /** What the object itself says of our last apply, for an operator that does not remember it; left out where it says nothing of use. */
  readonly record?: ApplyRecord;
  /** Deployment: `replicas`; Service: the rest. */
  readonly spec?: {
    readonly replicas?: number;
    readonly type?: string;
    /** It has no address of its own. */
    readonly headless?: boolean;
    /** It has a selector. */
    readonly selects?: boolean;
    /** `name` is empty where a port has none. */
    readonly ports?: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
  };
  /** Deployment. */
  readonly status?: NonNullable<DeploymentObject['status']>;
  /** ConfigMap. */
  readonly data?: Readonly<Record<string, string>>;
}

export interface ApplyRecord {
  /** Digest of the manifest. */
  readonly manifest: string;
  /** What we own of it still: the tree of its managedFields, as JSON, which takes less memory than the tree. */
  readonly fields: string;
}

interface Content {
  readonly spec?: {
    readonly replicas?: number;
    readonly type?: string;
    readonly clusterIP?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
  };
  readonly status?: NonNullable<DeploymentObject['status']>;
  readonly data?: Readonly<Record<string, string>>;
}

const LABELS = [SERVICE_LABEL, BACKEND_LABEL, COMPONENT_LABEL];
const ANNOTATIONS = [AWAITED_ANNOTATION, HOLDER_ANNOTATION, RELEASE_ANNOTATION, INPUTS_ANNOTATION, WAVE_ANNOTATION];
/** The digest of the manifest that was applied last. */
export const APPLIED_ANNOTATION = 'evenkeel.dev/applied';
/** Written by the deployment controller at each rollout. */
const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';

/** What a cache keeps of an object: with a thousand resources, whole objects would be most of the operator's memory. */
export function toChild(object: KubeObject): Child {
  const content = object as Content;
  const { name, namespace, uid, resourceVersion, generation, deletionTimestamp, ownerReferences } = object.metadata ?? {};
  const metadata: ObjectMeta = {
    ...defined({ name, namespace, uid, resourceVersion, generation, deletionTimestamp, ownerReferences }),
    labels: pick(object.metadata?.labels, LABELS),
    annotations: pick(object.metadata?.annotations, ANNOTATIONS),
  };
  const mine = holderOf(object) !== undefined;
  return {
    ...defined({ apiVersion: object.apiVersion, kind: object.kind }),
    metadata,
    fingerprint: mine ? fingerprint(object) : '',
    ...defined({ record: mine ? recordOf(object) : undefined }),
    ...(object.kind === 'Deployment'
      ? { spec: defined({ replicas: content.spec?.replicas }), ...defined({ status: content.status }) }
      : {}),
    ...(object.kind === 'Service' ? { spec: serviceSpec(content) } : {}),
    ...(object.kind === 'ConfigMap' ? defined({ data: content.data }) : {}),
  };
}

function serviceSpec({ spec = {} }: Content): NonNullable<Child['spec']> {
  const { type, clusterIP, selector = {}, ports = [] } = spec;
  return {
    ...defined({ type }),
    headless: clusterIP === 'None',
    selects: Object.keys(selector).length > 0,
    ports: ports.map(({ name = '', port, protocol = 'TCP' }) => ({ name, port, protocol })),
  };
}

/** The resource that an object is made for: its controller, or, where it is to outlive that and so nobody owns it, who holds it. */
export function holderOf(object: KubeObject): { readonly name: string; readonly uid: string } | undefined {
  const { ownerReferences = [], labels = {}, annotations = {} } = object.metadata ?? {};
  const [name, uid] = [labels[SERVICE_LABEL], annotations[HOLDER_ANNOTATION]];
  return ownerReferences.length === 0 && name !== undefined && uid !== undefined ? { name, uid } : controllerOf(object);
}

/** It was made for a resource, and is not deleted with it. */
export function isHeld(object: KubeObject): boolean {
  return controllerOf(object) === undefined && holderOf(object) !== undefined;
}

function controllerOf(object: KubeObject): { readonly name: string; readonly uid: string } | undefined {
  return object.metadata?.ownerReferences?.find(
    (owner) => owner.controller === true && owner.apiVersion === API_VERSION && owner.kind === KIND,
  );
}

/**
 * Comparing an object with what was applied finds differences that are none (`cpu: 1000m` is stored as 1), so an object is compared with
 * what the API server answered when it was last applied. Status and bookkeeping of the API server are left out.
 */
function fingerprint(object: KubeObject): string {
  const { apiVersion: _apiVersion, kind: _kind, metadata = {}, status: _status, ...content } = object as KubeObject & { status?: unknown };
  const { [REVISION_ANNOTATION]: _revision, ...annotations } = metadata.annotations ?? {};
  return digest([sorted(metadata.labels), sorted(annotations), metadata.ownerReferences ?? [], content]);
}

function recordOf(object: KubeObject): ApplyRecord | undefined {
  const manifest = object.metadata?.annotations?.[APPLIED_ANNOTATION];
  const fields = appliedFields(object, OPERATOR_FIELD_MANAGER);
  if (manifest === undefined || fields === undefined) return undefined;
  // What we own otherwise is to be turned into what we own by apply first.
  if (ownedByApply(object, OPERATOR_FIELD_MANAGER, null) !== null) return undefined;
  return { manifest, fields: JSON.stringify(fields) };
}

export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22);
}

function sorted(map: Readonly<Record<string, string>> | undefined): [string, string][] {
  return Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

function pick(map: Readonly<Record<string, string>> | undefined, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (map?.[name] === undefined ? [] : [[name, map[name]]])));
}

/** Without the fields that are undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
