import { type DefaultedSpec, INITIAL_BALANCERS } from '../api/v1alpha1/defaults.ts';
import { BACKEND_LABEL } from '../api/v1alpha1/labels.ts';
import { balancerName, resourceName } from '../api/v1alpha1/names.ts';
import type { BackendConfig, BalancerConfig } from '../model/config.ts';
import { desiredObjects } from '../resources/desired.ts';
import type { Manifest } from '../resources/owned.ts';
import { type Arrivals, AWAITED_ANNOTATION, type Retirement, retire } from '../resources/retirement.ts';
import type { Problem } from '../status/input.ts';
import { type BalancerView, credible, present } from '../status/view.ts';
import { decideAdoption, portNamesOf } from './adoption.ts';
import { type Child, isHeld } from './child.ts';
import type { Observation } from './observation.ts';
import { decideRollout, inputsOf, type OthersUnderWay, originAnnotations, originOf, type Rollout } from './rollout.ts';

/** What is to be done for one resource, decided before anything is done. */
export interface Plan {
  /** In the order in which they are written. */
  readonly manifests: readonly Manifest[];
  /** Objects that may go now. */
  readonly prune: readonly Child[];
  /** What has to come about before the rest can be done. */
  readonly pending: Problem | null;
  /** Name of the Service that is taken over now; null: none is. */
  readonly adopt: string | null;
  /** Whether the balancers' pods are replaced because the operator is another one now. */
  readonly rollout: Rollout['step'];
  /** The Deployment whose pods are replaced, or have been and are not ready, for that reason; null: there is none. */
  readonly wave: Manifest | null;
  /** Nothing is done at all, because of this. */
  readonly refused: Problem | null;
}

export interface PlanInput {
  readonly observation: Observation;
  readonly spec: DefaultedSpec;
  /** Resolved from the spec. */
  readonly config: BalancerConfig;
  readonly balancerImage: string;
  readonly release: string;
  /** Resources whose balancers may be replaced at once for the operator's sake, whether this one's turn has come, and who else is under way. */
  readonly maxRolling: number;
  readonly granted: boolean;
  readonly othersRolling: () => OthersUnderWay;
}

export function plan(input: PlanInput): Plan {
  const { observation, spec, config: wanted, balancerImage } = input;
  const retirement = retire(wanted, observation.liveConfig, arrivals(observation, spec));
  const { config } = retirement;
  const balancerReplicas = spec.balancer.replicas ?? initialBalancers(observation);
  const { name: serviceName, adoption: asked } = spec.service;
  const adoption = decideAdoption(observation, spec, config);
  const servicePortNames = portNamesOf(asked === 'IfUnowned' ? observation.live('Service', serviceName) : undefined, config);
  const wantedObjects = { resource: observation.resource, spec, config, balancerImage, balancerReplicas, servicePortNames };
  const { rollout, wave, annotations } = pace(input);
  const manifests = desiredObjects(wantedObjects).map((manifest) => {
    if (manifest.kind === 'ConfigMap') return annotated(manifest, awaiting(retirement.awaited));
    return isBalancers(manifest, observation) ? annotated(manifest, annotations) : manifest;
  });
  const desired = new Set(manifests.map((manifest) => `${manifest.kind}/${manifest.metadata.name}`));
  const obsolete = observation.children.filter(
    (child) => !isHeld(child) && !desired.has(`${child.kind}/${child.metadata?.name}`) && child.metadata?.deletionTimestamp === undefined,
  );
  const prune = obsolete.filter((child) => mayGo(child, observation, config));
  const isHeldBack = (manifest: Manifest): boolean =>
    (adoption.step === 'Await' && manifest.kind === 'Service' && manifest.metadata.name === serviceName) ||
    (rollout === 'Wait' && isBalancers(manifest, observation));
  return {
    manifests: manifests.filter((manifest) => !isHeldBack(manifest)),
    prune,
    pending: adoption.step === 'Await' ? adoption.pending : waiting(retirement, obsolete.length - prune.length),
    rollout,
    wave: wave ? (manifests.find((manifest) => isBalancers(manifest, observation)) ?? null) : null,
    adopt: adoption.step === 'Adopt' ? serviceName : null,
    refused: adoption.step === 'Refuse' ? adoption.problem : null,
  };
}

/** What is made says how many; what is there already keeps its number, whoever has set it. */
function initialBalancers({ resource, live }: Observation): number | undefined {
  const found = live('Deployment', balancerName(resourceName(resource)));
  // One that is going keeps nothing: what takes its place is made.
  return found === undefined || found.metadata?.deletionTimestamp !== undefined ? INITIAL_BALANCERS : undefined;
}

function isBalancers({ kind, metadata }: Manifest, { resource }: Observation): boolean {
  return kind === 'Deployment' && metadata.name === balancerName(resourceName(resource));
}

function pace({ observation, release, maxRolling, granted, othersRolling }: PlanInput) {
  const live = observation.live('Deployment', balancerName(resourceName(observation.resource)));
  const upToDate = observation.balancers.upToDate && !observation.balancersMixed;
  const origin = { release, inputs: inputsOf(observation.resource) };
  const decided = decideRollout({
    live: live === undefined ? null : { ...originOf(live), upToDate },
    wanted: origin,
    granted,
    others: othersRolling,
    max: maxRolling,
  });
  const wave = decided.step === 'Go' || (decided.step === 'Free' && decided.wave);
  return { rollout: decided.step, wave, annotations: originAnnotations(origin, wave) };
}

function annotated(manifest: Manifest, annotations: Readonly<Record<string, string>>): Manifest {
  if (Object.keys(annotations).length === 0) return manifest;
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}

function awaiting(awaited: readonly string[]): Record<string, string> {
  return awaited.length === 0 ? {} : { [AWAITED_ANNOTATION]: awaited.join(',') };
}

function arrivals(observation: Observation, spec: DefaultedSpec): Arrivals {
  const views = credible(observation.views);
  const healthy = (view: BalancerView, name: string): number => view.body.backends.find((backend) => backend.name === name)?.healthy ?? 0;
  const healthyEverywhere = (name: string, count: number): boolean =>
    views.length > 0 && views.every((view) => healthy(view, name) >= count);
  return {
    arrived: (name) => {
      const servers = observation.servers.get(name);
      if (servers === undefined) return healthyEverywhere(name, 1);
      const backend = spec.backends.find((each) => each.name === name);
      const ports = backend?.type === 'Deployment' ? backend.ports.length : 1;
      return servers.upToDate && (servers.desired === 0 || healthyEverywhere(name, servers.desired * ports));
    },
    serves: (name) => observation.servers.get(name)?.desired === 0 || views.some((view) => healthy(view, name) > 0),
  };
}

/** The objects of a backend go when no balancer uses them any more; others when every balancer has what this generation asks for. */
function mayGo(child: Child, observation: Observation, config: BalancerConfig): boolean {
  const views = present(observation.views);
  const backend = child.metadata?.labels?.[BACKEND_LABEL];
  const generation = observation.resource.metadata.generation ?? 0;
  const uses = (each: BackendConfig): boolean => each.source.type === 'EndpointSlices' && each.source.service === child.metadata?.name;
  const given = [config, observation.liveConfig?.config].some((each) => each?.backends.some(uses));
  const applied = views.every((view) => view.body.appliedGeneration >= generation);
  if (backend === undefined) return applied && views.length > 0;
  if (given) return false;
  // Where the backend goes on under its name, with servers of another kind, reports cannot tell the old from the new.
  const goesOn = config.backends.some((each) => each.name === backend);
  const listed = views.some((view) => view.body.backends.some((each) => each.name === backend));
  return applied && (goesOn ? views.some((view) => serves(view, backend)) : !listed);
}

function serves(view: BalancerView, name: string): boolean {
  return view.body.backends.some((backend) => backend.name === name && backend.healthy > 0);
}

function waiting({ retiring, awaited }: Retirement, obsolete: number): Problem | null {
  if (retiring.length > 0) {
    const what = awaited.length > 0 ? `all servers of backend ${awaited.join(', ')} are healthy` : 'a server of another backend is healthy';
    return { reason: 'ReplacingBackends', message: `backend ${retiring.join(', ')} goes on until ${what}` };
  }
  if (obsolete === 0) return null;
  return {
    reason: 'RemovingObjects',
    message: `${obsolete} obsolete object${obsolete === 1 ? '' : 's'} will be removed when balancers no longer use them`,
  };
}
