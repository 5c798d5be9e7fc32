import { type AddressesBackend, type DeploymentBackend, type ServiceBackend, withDefaults } from '../api/v1alpha1/defaults.ts';
import { formatPath, type Path } from '../api/v1alpha1/validation/issue.ts';
import type { FileIssue, ParsedResource } from '../config/parse-resources.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { BalancerConfig } from '../model/config.ts';
import { type Endpoint, endpointId } from '../model/endpoint.ts';
import { type ContainerCommand, ContainerCommandError, containerCommand } from './container-command.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface PlanOptions {
  /** Port to listen on, by the name of the port in spec.ports. */
  readonly ports: ReadonlyMap<string, number>;
  /** Servers of Services, by the Service's name. */
  readonly resolve: ReadonlyMap<string, readonly HostPort[]>;
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
  const { file, locate } = parsed;
  const { metadata } = parsed.resource;
  const resource = { ...parsed.resource, metadata: { ...metadata, uid: options.uid, generation: options.generation } };
  const spec = withDefaults(resource);
  const issues: FileIssue[] = [];
  const problem = (path: Path, message: string) => issues.push({ file, ...locate(path), path: formatPath(path), message });
  const processes: ProcessPlan[] = [];
  const given: Endpoint[] = [];
  const notices: string[] = [];

  for (const [index, backend] of spec.backends.entries()) {
    const path = ['spec', 'backends', index];
    if (backend.type === 'Addresses') given.push(...givenEndpoints(backend));
    if (backend.type === 'Service') {
      const servers = options.resolve.get(backend.serviceRef.name);
      if (servers === undefined) {
        const name = backend.serviceRef.name;
        problem(
          [...path, 'serviceRef', 'name'],
          `there is no Service ${name} without a cluster: say where its servers are with --resolve ${name}=HOST:PORT`,
        );
      } else given.push(...resolvedEndpoints(backend, servers));
    }
    if (backend.type === 'Deployment') {
      const templatePath = [...path, 'deployment', 'template'];
      const position = locate([...templatePath, 'spec', 'containers']);
      try {
        const plan = planProcesses(backend, `${file}:${position.line}:${position.column}`);
        processes.push(plan);
        if (plan.command.ignored.length > 0) {
          notices.push(
            `backend ${backend.name}: without a cluster these fields of its template are ignored: ${plan.command.ignored.join(', ')}`,
          );
        }
      } catch (error) {
        if (!(error instanceof ContainerCommandError)) throw error;
        problem([...templatePath, ...error.path], error.message);
      }
    }
  }
  const { check } = spec.heartbeat;
  if (check.port !== null && processes.length > 0) {
    const member = check.type === 'HTTP' ? 'http' : 'tcp';
    problem(
      ['spec', 'heartbeat', member, 'port'],
      'servers that are started here have a port each, so heartbeats cannot go to one port of them all: leave it out',
    );
  }
  if (issues.length > 0) return { plan: null, issues };
  if (spec.suspend) notices.push('spec.suspend means nothing without an operator: changes of the file are applied');
  const config = resolveConfig(resource, { mode: 'local', portOverrides: options.ports });
  return { plan: { resource, config, processes, given, notices }, issues: [] };
}

function planProcesses(backend: DeploymentBackend, place: string): ProcessPlan {
  const { name, serverWeight, ports, deployment } = backend;
  const command = containerCommand(
    deployment.template,
    ports.map(({ port }) => port),
  );
  return {
    backend: name,
    replicas: deployment.replicas ?? null,
    serverWeight,
    ports: ports.map((each) => ({ listener: each.name, port: each.port })),
    command,
    place,
  };
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
