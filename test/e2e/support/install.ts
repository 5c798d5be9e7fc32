import { api, apply, kubectl } from './api.ts';
import { customResourceDefinitions, objectsOf } from './manifests.ts';
import { type Deployment, type Lease, paths } from './objects.ts';
import { waitFor } from './wait.ts';

export const operatorNamespace = 'evenkeel-system';
const operator = `${paths.deployments(operatorNamespace)}/evenkeel-operator`;

/** Installs CRDs and operator as a user does, once for all test files, and waits until the operator works. */
export async function ensureInstalled(): Promise<void> {
  if ((await api.get(operator)) === null) {
    await apply(...customResourceDefinitions(), ...objectsOf('deploy/install.yaml'));
    await kubectl([
      'wait',
      '--for=condition=Established',
      '--timeout=30s',
      'crd/loadbalancedservices.evenkeel.dev',
      'crd/balancerreports.evenkeel.dev',
    ]);
  }
  let last: Deployment | null = null;
  await waitFor(
    'both operators to be available',
    async () => {
      last = await api.get<Deployment>(operator);
      return last?.status.availableReplicas === 2 && last.status.replicas === 2;
    },
    { timeoutMs: 90_000, saw: () => last?.status },
  );
  await waitFor('an operator to lead', leader);
}

/** Name of the pod that leads; null: none does. */
export async function leader(): Promise<string | null> {
  const lease = await api.get<Lease>(paths.lease(operatorNamespace, 'evenkeel-operator'));
  return lease?.spec.holderIdentity || null;
}
