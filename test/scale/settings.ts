/** Sizes of the measurement, from the environment; see `make scale` in docs/scale.md. */
export interface Settings {
  readonly resources: number;
  /** Server pods of all resources together. */
  readonly endpoints: number;
  /** Balancers of each resource: pods, whose reports are written by a stand-in. */
  readonly balancers: number;
  readonly namespaces: number;
  /** Server pods on one simulated node. */
  readonly podsPerNode: number;
  /** Real balancer processes, each of a resource of its own. */
  readonly realBalancers: number;
  /** Changes of pods whose way to a real balancer is timed. */
  readonly podChanges: number;
  /** For how long nothing happens, in seconds. */
  readonly restSeconds: number;
  /** The whole ends after this, whatever happens, in seconds. */
  readonly deadlineSeconds: number;
}

function fromEnvironment(name: string, standard: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return standard;
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new Error(`${name} is a number of 1 to 999999, not "${text}"`);
  return Number(text);
}

export function readSettings(): Settings {
  return {
    resources: fromEnvironment('RESOURCES', 1_000),
    endpoints: fromEnvironment('ENDPOINTS', 10_000),
    balancers: fromEnvironment('BALANCERS', 2),
    namespaces: fromEnvironment('NAMESPACES', 10),
    podsPerNode: fromEnvironment('PODS_PER_NODE', 300),
    realBalancers: fromEnvironment('REAL_BALANCERS', 3),
    podChanges: fromEnvironment('POD_CHANGES', 300),
    restSeconds: fromEnvironment('REST_SECONDS', 30),
    deadlineSeconds: fromEnvironment('DEADLINE_SECONDS', 600),
  };
}
