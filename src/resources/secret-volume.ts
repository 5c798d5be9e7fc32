import { SECRETS_DIRECTORY } from '../api/v1alpha1/names.ts';
import type { BalancerConfig } from '../model/config.ts';

const VOLUME = 'secrets';

/**
 * The Secrets that a configuration refers to, mounted into the balancer's pods: neither balancer nor operator has a right to read one
 * through the API. Optional, since a Secret that is missing must not keep a pod from starting and from serving what needs none of it; and
 * of each no more than the keys that are used.
 */
export function secretVolumes(config: BalancerConfig): { volumes?: unknown[] } {
  const keys = keysOf(config);
  if (keys.size === 0) return {};
  const sources = [...keys].sort(byName).map(([name, used]) => ({
    secret: { name, optional: true, items: [...used].sort().map((key) => ({ key, path: `${name}/${key}` })) },
  }));
  return { volumes: [{ name: VOLUME, projected: { sources } }] };
}

/** The mount of those in the balancer's container. */
export function secretMounts(config: BalancerConfig): { volumeMounts?: unknown[] } {
  return keysOf(config).size === 0 ? {} : { volumeMounts: [{ name: VOLUME, mountPath: SECRETS_DIRECTORY, readOnly: true }] };
}

function keysOf({ listeners, backends }: BalancerConfig): ReadonlyMap<string, ReadonlySet<string>> {
  const keys = new Map<string, Set<string>>();
  const use = (secret: string, key: string) => keys.set(secret, (keys.get(secret) ?? new Set()).add(key));
  const certificates = [
    ...listeners.flatMap(({ tls }) => tls?.certificates ?? []),
    ...backends.flatMap(({ tls }) => tls?.certificate ?? []),
  ];
  const authorities = [...listeners.flatMap(({ tls }) => tls?.clientCa ?? []), ...backends.flatMap(({ tls }) => tls?.ca ?? [])];
  for (const { secret } of certificates) {
    use(secret, 'tls.crt');
    use(secret, 'tls.key');
  }
  for (const { secret } of authorities) use(secret, 'ca.crt');
  return keys;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
