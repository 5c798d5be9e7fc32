import { withDefaults } from '../api/v1alpha1/defaults.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import { resolveConfig } from '../config/resolve.ts';
import { buildBalancerDeployment } from '../resources/balancer-deployment.ts';
import { type Child, digest } from './child.ts';
import { INPUTS_ANNOTATION, RELEASE_ANNOTATION, WAVE_ANNOTATION } from './rollout-annotations.ts';

/** What decides whether the pods of a resource's balancers are replaced, and for whose sake. */
export interface PodOrigin {
  /** Of the operator: image, and what it makes of every resource. */
  readonly release: string;
  /** Of the resource: what its owner has asked for that pods are made from, and their number. */
  readonly inputs: string;
}

export type Rollout =
  /** Nothing is replaced for the operator's sake from now on. `wave`: it has been, and is not ready yet. */
  | { readonly step: 'Free'; readonly wave: boolean }
  /** The operator's change is carried out on this one now. */
  | { readonly step: 'Go' }
  /** As many as may be are being replaced, or have been and are not ready. */
  | { readonly step: 'Wait' };

export interface OthersUnderWay {
  readonly all: number;
  /** Without those that are left in the middle of a release that is superseded, and wait. */
  readonly atWork: number;
}

export interface RolloutQuestion {
  /** Null: there is none yet. */
  readonly live: (Partial<PodOrigin> & { readonly wave: string | undefined; readonly upToDate: boolean }) | null;
  readonly wanted: PodOrigin;
  /** It has had its turn, and the cache does not show that yet. */
  readonly granted: boolean;
  /** How many others are under way, and how many of those do not wait themselves. */
  readonly others: () => OthersUnderWay;
  readonly max: number;
}

/**
 * A change of the operator (a new release, another image) concerns the balancers of every resource, so it is carried out on a few at a
 * time: a release that does not come up costs no more than those their old pods' company. What a resource's owner changes is never held
 * back. All is told from the live Deployments, so that a restarted operator goes on where the last one was.
 */
export function decideRollout({ live, wanted, granted, others, max }: RolloutQuestion): Rollout {
  if (live === null) return { step: 'Free', wave: false };
  if (live.release === wanted.release) return { step: 'Free', wave: live.wave === wanted.release && !live.upToDate };
  const underWay = live.wave !== undefined && !live.upToDate;
  // One that is in the middle of a wave stays a part of it when its owner changes it too.
  if (live.inputs !== undefined && live.inputs !== wanted.inputs) return { step: 'Free', wave: granted || underWay };
  if (granted) return { step: 'Go' };
  // Its pods are being replaced already, for a release that is superseded or taken back: that adds nothing to what is under way. It may
  // also be that they had been, and one of them has failed since: so of these too no more go at once.
  const { all, atWork } = others();
  return (underWay ? atWork : all) < max ? { step: 'Go' } : { step: 'Wait' };
}

/** What a cached Deployment of balancers says of itself. */
export function originOf({ metadata }: Child): Partial<PodOrigin> & { readonly wave: string | undefined } {
  const { [RELEASE_ANNOTATION]: release, [INPUTS_ANNOTATION]: inputs, [WAVE_ANNOTATION]: wave } = metadata?.annotations ?? {};
  return { ...(release === undefined ? {} : { release }), ...(inputs === undefined ? {} : { inputs }), wave };
}

/** The annotations by which it will say so. */
export function originAnnotations({ release, inputs }: PodOrigin, wave: boolean): Record<string, string> {
  return { [RELEASE_ANNOTATION]: release, [INPUTS_ANNOTATION]: inputs, ...(wave ? { [WAVE_ANNOTATION]: release } : {}) };
}

/** Of two operators the same where they make the same pods of the same resource: the digest of the pod template of one that never changes. */
export function releaseOf(balancerImage: string): string {
  const config = resolveConfig(REFERENCE, { mode: 'cluster' });
  const { workers, template } = withDefaults(REFERENCE).balancer;
  const { spec } = buildBalancerDeployment(REFERENCE, config, { replicas: undefined, workers, template, image: balancerImage });
  return digest(spec);
}

/** Of the spec as it was written: defaults, and what is made of it, are the operator's and differ from release to release. */
export function inputsOf({ spec }: LoadBalancedService): string {
  const ports = spec.ports.map(({ port, tls }) => [port, tls]);
  const secrets = spec.backends.flatMap(({ tls }) => tls ?? []);
  return digest([spec.balancer, ports, secrets, spec.failover?.drainTimeout]);
}

const REFERENCE: LoadBalancedService = {
  apiVersion: 'evenkeel.dev/v1alpha1',
  kind: 'LoadBalancedService',
  metadata: { name: 'reference', namespace: 'reference', uid: 'reference', generation: 1 },
  spec: {
    ports: [{ name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'reference' }] } }],
    backends: [{ name: 'reference', type: 'Addresses', addresses: [{ host: '192.0.2.1', port: 80 }] }],
  },
};
