import { BALANCER } from '../api/v1alpha1/names.ts';
import type { PodTemplateOverlay } from '../api/v1alpha1/types.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface Container extends Fields {
  readonly name: string;
  readonly resources: Readonly<Record<'requests' | 'limits', Fields>>;
}

/** A PodTemplateSpec, as far as an overlay touches it. */
export interface PodTemplate extends Fields {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: Fields & { readonly containers: readonly [Container]; readonly volumes?: readonly unknown[] };
}

type SpecField = keyof NonNullable<PodTemplateOverlay['spec']>;

/** Fields of a PodSpec that are taken as they are given. */
const TAKEN: readonly SpecField[] = [
  'affinity',
  'imagePullSecrets',
  'initContainers',
  'nodeSelector',
  'priorityClassName',
  'runtimeClassName',
  'schedulerName',
  'tolerations',
  'topologySpreadConstraints',
];

/**
 * The pod template with what `spec.balancer.dedicated.template` adds. Only what is named here is taken from it: validation refuses what
 * would change our own container, and what validation once let through must not either.
 */
export function overlayPodTemplate(base: PodTemplate, { metadata = {}, spec = {} }: PodTemplateOverlay): Fields {
  const { labels, annotations = {} } = metadata;
  const [ours] = base.spec.containers;
  const overlaid = spec.containers?.find(({ name }) => name === BALANCER);
  const further = spec.containers?.filter(({ name }) => name !== BALANCER) ?? [];
  const taken = TAKEN.filter((field) => spec[field] !== undefined).map((field) => [field, spec[field]]);
  const volumes = [...(base.spec.volumes ?? []), ...(spec.volumes ?? [])];
  return {
    ...base,
    metadata: {
      ...base.metadata,
      labels: { ...labels, ...base.metadata.labels },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      ...base.spec,
      ...Object.fromEntries(taken),
      containers: [{ ...ours, resources: mergeResources(ours.resources, overlaid?.resources) }, ...further],
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

/** What is given of requests and limits takes the place of ours, each by its name. */
function mergeResources(ours: Container['resources'], theirs: unknown): Container['resources'] {
  const { requests, limits } = asFields(theirs);
  return { requests: { ...ours.requests, ...asFields(requests) }, limits: { ...ours.limits, ...asFields(limits) } };
}

/** What is no map where one belongs has no schema of ours to refuse it, and gives nothing. */
function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
