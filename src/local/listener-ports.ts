import { isIPv6 } from 'node:net';
import type { ParsedResource } from '../config/parse-resources.ts';
import type { ListenerConfig } from '../model/config.ts';
import { listenObstacle } from './free-ports.ts';
import { LocalError } from './local-error.ts';
import type { HostPort, LocalPlan } from './local-plan.ts';
import { placeOf } from './place.ts';

/** `--port http=8080`, or `--port shop/http=8080`. */
export interface PortOverride {
  /** Null: the one resource that has such a port. */
  readonly resource: string | null;
  readonly listener: string;
  readonly port: number;
}

/** The overrides of each resource, by its name. Throws a LocalError where one fits no resource, or several. */
export function assignPorts(
  overrides: readonly PortOverride[],
  resources: readonly ParsedResource[],
): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const assigned = new Map(resources.map(({ resource }) => [resource.metadata.name ?? '', new Map<string, number>()]));
  for (const { resource, listener, port } of overrides) {
    const flag = `--port ${resource === null ? '' : `${resource}/`}${listener}=${port}`;
    const fitting = resources.filter(
      (each) =>
        (resource === null || each.resource.metadata.name === resource) && each.resource.spec.ports.some(({ name }) => name === listener),
    );
    const [first, second] = fitting.map((each) => each.resource.metadata.name ?? '');
    if (first === undefined) throw new LocalError('Usage', `${flag}: there is no such port; there are ${allPorts(resources).join(', ')}`);
    if (second !== undefined)
      throw new LocalError('Usage', `${flag}: ${first} and ${second} both have such a port: write --port ${first}/${listener}=${port}`);
    assigned.get(first)?.set(listener, port);
  }
  return assigned;
}

/** Throws where two resources would listen on one port. */
export function rejectClashes(plans: ReadonlyMap<ParsedResource, LocalPlan>): void {
  const seen = new Map<number, string>();
  for (const [parsed, { config }] of plans) {
    for (const { name, bindPort } of config.listeners) {
      const other = seen.get(bindPort);
      const mine = `${config.name}/${name}`;
      if (other !== undefined && bindPort !== 0) {
        const place = placeOf(parsed, portPath(parsed, name));
        throw new LocalError(
          'Port',
          `${place}: ${mine} and ${other} would both listen on port ${bindPort}: move one of them with --port ${mine}=PORT`,
        );
      }
      seen.set(bindPort, mine);
    }
  }
}

/** Throws where a resource would listen on a port that `--admin-port` takes: it and, for further resources, the next ones. */
export function rejectAdminClashes(plans: ReadonlyMap<ParsedResource, LocalPlan>, adminPort: number | null): void {
  if (adminPort === null || adminPort === 0) return;
  for (const { config } of plans.values()) {
    for (const { name, bindPort } of config.listeners) {
      if (bindPort < adminPort || bindPort >= adminPort + plans.size) continue;
      const mine = `${config.name}/${name}`;
      throw new LocalError(
        'Port',
        `${mine} would listen on port ${bindPort}, which --admin-port takes: move one of them, with --port ${mine}=PORT or --admin-port`,
      );
    }
  }
}

/** Throws where a listener's port cannot be had, before anything has been started. */
export async function probeListeners(listeners: readonly ListenerConfig[], address: string): Promise<void> {
  for (const { name, bindPort } of listeners) {
    const obstacle = await listenObstacle(bindPort, address);
    if (obstacle !== null) throw listenProblem(obstacle, name, bindPort, address);
  }
}

/** The sentence about a listener's port that cannot be listened on. */
export function listenProblem(error: NodeJS.ErrnoException, listener: string, port: number, address: string): LocalError {
  const elsewhere = `--port ${listener}=${port < 1024 ? port + 8000 : port + 1}`;
  return portProblem(error, `port ${port} of ${address} (${listener} in spec.ports)`, `listen elsewhere with ${elsewhere}`);
}

/** What hinders listening, and what a person can do about it. */
export function portProblem({ code, message }: NodeJS.ErrnoException, which: string, remedy: string): LocalError {
  switch (code) {
    case 'EADDRINUSE':
      return new LocalError('Listen', `${which} is in use by another program: stop that, or ${remedy}`);
    case 'EACCES':
      return new LocalError('Listen', `${which} may not be listened on by this user: ${remedy}`);
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return new LocalError(
        'Listen',
        `${which} cannot be listened on: that is not an address of this machine; give another with --address`,
      );
    default:
      return new LocalError('Listen', `${which} cannot be listened on: ${message}`);
  }
}

/** `http://127.0.0.1:8080`, as a person on this machine reaches it. */
export function listenerUrl(protocol: ListenerConfig['protocol'], address: string, port: number): string {
  const reached = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  const host = isIPv6(reached) ? `[${reached}]` : reached;
  return `${protocol.toLowerCase()}://${host}:${port}`;
}

/** Throws where `--resolve` names a Service that no resource uses: most likely it is misspelt. */
export function rejectUnusedServices(resolve: ReadonlyMap<string, readonly HostPort[]>, resources: readonly ParsedResource[]): void {
  const used = new Set(
    resources.flatMap(({ resource }) => resource.spec.backends.flatMap(({ serviceRef }) => (serviceRef ? [serviceRef.name] : []))),
  );
  for (const name of resolve.keys()) {
    if (used.has(name)) continue;
    const known = used.size === 0 ? 'none is used' : `there are ${[...used].join(', ')}`;
    throw new LocalError('Usage', `--resolve ${name}=...: no backend uses a Service of that name; ${known}`);
  }
}

function allPorts(resources: readonly ParsedResource[]): string[] {
  return resources.flatMap(({ resource }) => resource.spec.ports.map(({ name }) => `${resource.metadata.name}/${name}`));
}

function portPath({ resource }: ParsedResource, name: string): (string | number)[] {
  return ['spec', 'ports', resource.spec.ports.findIndex((port) => port.name === name), 'port'];
}
