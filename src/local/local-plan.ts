import {
  type AddressesBackend,
  type DefaultedHeartbeat,
  type DeploymentBackend,
  type ServiceBackend,
  withDefaults,
} from '../api/v1alpha1/defaults.ts';
import { formatPath, type Path } from '../api/v1alpha1/validation/issue.ts';
import type { FileIssue, ParsedResource } from '../config/parse-resources.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { BalancerConfig } from '../model/config.ts';
import { type Endpoint, endpointId } from '../model/endpoint.ts';
import { type ContainerCommand, ContainerCommandError, containerCommand } from './container-command.ts';
import { placeOf } from './place.ts';
import { secretRefs } from './secrets.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface PlanOptions {
  /** Port to listen on, by the name of the port in spec.ports. */
  readonly ports: ReadonlyMap<string, number>;
  /** Servers of Services, by the Service's name. */
  readonly resolve: ReadonlyMap<string, readonly HostPort[]>;
  /** Directory of a Secret's files, by its name. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly generation: number;
  readonly uid: string;
}

/** A backend of type Deployment as local processes. */
export interface ProcessPlan {
  readonly backend: string;
  /** Null: not given, so the number that runs stays, or 1 at first. */
  readonly replicas: number | null;
  readonly serverWeight: number;
  /** In the order of the backend; the first is what PORT tells. */
  readonly ports: readonly { readonly listener: string; readonly port: number }[];
  readonly command: ContainerCommand;
  /** Where the command stands: `shop.yaml:14:11`. */
  readonly place: string;
}

/** What one resource means on this machine. */
export interface LocalPlan {
  readonly resource: ParsedResource['resource'];
  readonly config: BalancerConfig;
  readonly workers: number;
  readonly processes: readonly ProcessPlan[];
  /** Servers that run already. */
  readonly given: readonly Endpoint[];
  /** Sentences about what is not honoured here. */
  readonly notices: readonly string[];
}

export type PlanResult =
  | { readonly plan: LocalPlan; readonly issues: readonly [] }
  | { readonly plan: null; readonly issues: readonly FileIssue[] };

/** Pure: reads nothing but its arguments. Issues are what makes sense in a cluster but cannot be run here. */
export function planLocally(parsed: ParsedResource, options: PlanOptions): PlanResult {
  const { metadata } = parsed.resource;
  const resource = { ...parsed.resource, metadata: { ...metadata, uid: options.uid, generation: options.generation } };
  const spec = withDefaults(resource);
  const draft: Draft = { parsed, resolve: options.resolve, processes: [], given: [], notices: [], issues: [] };
  for (const [index, backend] of spec.backends.entries()) {
    const path = ['spec', 'backends', index];
    if (backend.type === 'Addresses') draft.given.push(...givenEndpoints(backend));
    else if (backend.type === 'Service') planService(draft, backend, path);
    else planDeployment(draft, backend, [...path, 'deployment', 'template']);
  }
  for (const { secret, path } of secretRefs(resource)) {
    if (options.secrets.has(secret)) continue;
    reject(draft, path, `there is no Secret ${secret} without a cluster: say where its files are with --secret ${secret}=DIRECTORY`);
  }
  if (draft.processes.length > 0) rejectSharedCheckPort(draft, spec.heartbeat.check);
  const { processes, given, notices, issues } = draft;
  if (issues.length > 0) return { plan: null, issues };
  if (spec.suspend) notices.push('spec.suspend means nothing without an operator: changes of the file are applied');
  if (resource.spec.balancer?.dedicated?.template !== undefined)
    notices.push('spec.balancer.dedicated.template means nothing without a cluster: the balancer is this process');
  const config = resolveConfig(resource, { mode: 'local', portOverrides: options.ports, secrets: options.secrets });
  return { plan: { resource, config, workers: spec.balancer.workers, processes, given, notices }, issues: [] };
}

/** A plan in the making. */
interface Draft {
  readonly parsed: ParsedResource;
  readonly resolve: PlanOptions['resolve'];
  readonly processes: ProcessPlan[];
  readonly given: Endpoint[];
  readonly notices: string[];
  readonly issues: FileIssue[];
}

function reject({ parsed: { file, locate }, issues }: Draft, path: Path, message: string): void {
  issues.push({ file, ...locate(path), path: formatPath(path), message });
}

function planService(draft: Draft, backend: ServiceBackend, path: Path): void {
  const { name } = backend.serviceRef;
  const servers = draft.resolve.get(name);
  if (servers !== undefined) draft.given.push(...resolvedEndpoints(backend, servers));
  else {
    const remedy = `say where its servers are with --resolve ${name}=HOST:PORT`;
    reject(draft, [...path, 'serviceRef', 'name'], `there is no Service ${name} without a cluster: ${remedy}`);
  }
}

function planDeployment(draft: Draft, backend: DeploymentBackend, templatePath: Path): void {
  const { name, serverWeight, deployment } = backend;
  const ports = backend.ports.map((each) => ({ listener: each.name, port: each.port }));
  try {
    const numbers = ports.map(({ port }) => port);
    const command = containerCommand(deployment.template, numbers);
    const place = placeOf(draft.parsed, [...templatePath, ...command.path]);
    draft.processes.push({ backend: name, replicas: deployment.replicas ?? null, serverWeight, ports, command, place });
    if (command.ignored.length === 0) return;
    draft.notices.push(`backend ${name}: without a cluster these fields of its template are ignored: ${command.ignored.join(', ')}`);
  } catch (error) {
    if (!(error instanceof ContainerCommandError)) throw error;
    reject(draft, [...templatePath, ...error.path], error.message);
  }
}

function rejectSharedCheckPort(draft: Draft, check: DefaultedHeartbeat['check']): void {
  if (check.port === null) return;
  const path = ['spec', 'heartbeat', check.type.toLowerCase(), 'port'];
  reject(draft, path, 'servers that are started here have a port each, so heartbeats cannot go to one port of them all: leave it out');
}

function givenEndpoints(backend: AddressesBackend): Endpoint[] {
  return backend.addresses.map(({ host, port, portName, weight }) => endpoint(backend.name, portName, host, port, weight));
}

/** `--resolve` gives one port, which serves each port of the backend. */
function resolvedEndpoints(backend: ServiceBackend, servers: readonly HostPort[]): Endpoint[] {
  return backend.ports.flatMap(({ name }) =>
    servers.map(({ host, port }) => endpoint(backend.name, name, host, port, backend.serverWeight)),
  );
}

function endpoint(backend: string, portName: string, host: string, port: number, weight: number): Endpoint {
  return { id: endpointId(host, port), host, port, backend, portName, weight, lifecycle: 'Ready' };
}
