import type { BackendConfig } from '../model/config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { EgressRules } from './rules.ts';

export interface RefusedEndpoint {
  readonly endpoint: Endpoint;
  /** The rest of a sentence that begins with its address. */
  readonly why: string;
}

export interface Admission {
  readonly admitted: readonly Endpoint[];
  readonly refused: readonly RefusedEndpoint[];
}

/** Which endpoints a balancer may connect to. One that has a name for its host is decided at each lookup. */
export function admit(
  endpoints: readonly Endpoint[],
  backends: readonly Pick<BackendConfig, 'name' | 'source'>[],
  rules: EgressRules,
): Admission {
  const given = new Set(backends.flatMap(({ name, source }) => (source.type === 'Addresses' ? [name] : [])));
  const refused: RefusedEndpoint[] = [];
  const admitted = endpoints.filter((endpoint) => {
    const { host, backend } = endpoint;
    const why = given.has(backend) ? rules.hostRefusal(host) : rules.refusal(host, 'EndpointSlices');
    if (why !== null) refused.push({ endpoint, why });
    return why === null;
  });
  return { admitted, refused };
}
