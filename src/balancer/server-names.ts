import { ServerNameRoutes } from '../balancing/server-name-routes.ts';
import type { BackendConfig, BalancerConfig } from '../model/config.ts';

/** By listener of TLS: which of the backends that serve it are for which host. */
export function serverNameRoutes({ listeners, backends }: Pick<BalancerConfig, 'listeners' | 'backends'>): Map<string, ServerNameRoutes> {
  const passing = listeners.filter(({ protocol }) => protocol === 'TLS');
  return new Map(passing.map(({ name }) => [name, new ServerNameRoutes(backends.filter((backend) => serves(backend, name)))]));
}

function serves({ source }: BackendConfig, name: string): boolean {
  const ports: readonly { readonly listener: string }[] = source.type === 'Addresses' ? source.addresses : source.ports;
  return ports.some(({ listener }) => listener === name);
}
