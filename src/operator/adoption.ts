import type { DefaultedSpec } from '../api/v1alpha1/defaults.ts';
import type { BalancerConfig } from '../model/config.ts';
import type { Problem } from '../status/input.ts';
import { credible } from '../status/view.ts';
import type { Child } from './child.ts';
import type { Observation } from './observation.ts';

/** What becomes of the Service that clients use, where one of its name was there before. */
export type Adoption =
  /** There is none, or it is ours already, or it is not to be taken over: the ordinary way. */
  | { readonly step: 'None' }
  /** It stays as it is until balancers can take its clients. */
  | { readonly step: 'Await'; readonly pending: Problem }
  | { readonly step: 'Adopt' }
  /** Taking it over would cost its clients something. */
  | { readonly step: 'Refuse'; readonly problem: Problem };

/**
 * Whether an existing Service is taken over (`spec.service.adoption: IfUnowned`). Its selector leads to the servers that it had until every
 * balancer stands ready in front of healthy servers, so that no client meets a gap.
 */
export function decideAdoption(observation: Observation, spec: DefaultedSpec, config: BalancerConfig): Adoption {
  const service = observation.live('Service', spec.service.name);
  if (service === undefined || spec.service.adoption !== 'IfUnowned' || !observation.isUnowned(service)) return { step: 'None' };
  const hindrance = hindranceOf(service, spec, config);
  if (hindrance !== null) {
    const message = `Service "${spec.service.name}" is not taken over: ${hindrance}`;
    return { step: 'Refuse', problem: { reason: 'AdoptionRefused', message } };
  }
  if (canTakeClients(observation)) return { step: 'Adopt' };
  const message = `Service "${spec.service.name}" is taken over when every balancer is ready and finds healthy servers for each port`;
  return { step: 'Await', pending: { reason: 'AwaitingAdoption', message } };
}

/** Names of the Service's ports by number: clients (an Ingress, for one) may know a port by its name, and a new name is a gap for kube-proxy. */
export function portNamesOf(service: Child | undefined, { listeners }: BalancerConfig): ReadonlyMap<number, string> {
  const ports = service?.spec?.ports ?? [];
  const named = ports.filter(({ name }) => name !== '' || listeners.length === 1);
  return new Map(named.map(({ port, name }) => [port, name]));
}

function hindranceOf({ spec: live = {} }: Child, { service }: DefaultedSpec, { listeners }: BalancerConfig): string | null {
  if (live.type !== service.type) return `it is of type ${live.type}, and spec.service.type asks for ${service.type}`;
  if (live.headless === true) return 'it is headless, so its clients know the addresses of its pods';
  if (live.selects !== true) return 'it has no selector, so somebody else writes its endpoints';
  const listened = new Set(listeners.map(({ port }) => port));
  const missing = (live.ports ?? []).filter(({ port, protocol }) => protocol !== 'TCP' || !listened.has(port));
  if (missing.length === 0) return null;
  const list = missing.map(({ port, protocol }) => (protocol === 'TCP' ? `${port}` : `${port}/${protocol}`)).join(', ');
  return `it has port ${list}, which spec.ports lacks`;
}

function canTakeClients({ balancers, servers, views }: Observation): boolean {
  const ready = credible(views).filter((view) => view.presence === 'Ready');
  if (!balancers.upToDate || balancers.desired === 0 || ready.length < balancers.desired) return false;
  if (![...servers.values()].every((workload) => workload.upToDate)) return false;
  return ready.every(({ body }) => body.failOpen.length === 0 && body.backends.some(({ healthy }) => healthy > 0));
}
