import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { balancerSelector, type Labels } from '../../../src/api/v1alpha1/labels.ts';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { buildNetworkPolicy } from '../../../src/resources/network-policy.ts';

interface Peer {
  readonly namespaceSelector?: { readonly matchLabels: Labels };
  readonly podSelector?: { readonly matchLabels: Labels };
}
interface Policy {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly podSelector: { readonly matchLabels: Labels };
    readonly policyTypes: readonly string[];
    readonly ingress: readonly {
      readonly from?: readonly Peer[];
      readonly ports: readonly { readonly port: number; readonly protocol: string }[];
    }[];
  };
}
interface Client {
  readonly namespace: string;
  readonly namespaceLabels?: Labels;
  readonly podLabels?: Labels;
}

const matches = (selector: Labels, labels: Labels = {}) => Object.entries(selector).every(([key, value]) => labels[key] === value);

/** What networking.k8s.io/v1 says of a connection from `client` to a pod that the policy selects. */
function mayConnect({ metadata, spec }: Policy, client: Client, port: number): boolean {
  const isPeer = ({ namespaceSelector, podSelector }: Peer) =>
    (namespaceSelector ? matches(namespaceSelector.matchLabels, client.namespaceLabels) : client.namespace === metadata.namespace) &&
    (podSelector ? matches(podSelector.matchLabels, client.podLabels) : true);
  return spec.ingress.some(
    ({ from, ports }) => (from === undefined || from.some(isPeer)) && ports.some((each) => each.port === port && each.protocol === 'TCP'),
  );
}

const METRICS = { 'evenkeel.dev/metrics': 'true' };
const strangers: Record<string, Client> = {
  'a pod of its namespace': { namespace: 'store' },
  'a pod of another namespace': { namespace: 'elsewhere' },
  'a marked pod of another namespace': { namespace: 'elsewhere', podLabels: METRICS },
  'a pod that is marked otherwise': { namespace: 'store', podLabels: { 'evenkeel.dev/metrics': 'false' } },
};
const scrapers: Record<string, Client> = {
  'a marked pod of its namespace': { namespace: 'store', podLabels: METRICS },
  'a pod of a marked namespace': { namespace: 'monitoring', namespaceLabels: METRICS },
};

suite("a balancer's NetworkPolicy", () => {
  const resource = parse(`
apiVersion: evenkeel.dev/v1alpha1
kind: LoadBalancedService
metadata: {name: shop, namespace: store}
spec:
  ports: [{name: http, port: 80}, {name: db, port: 5432, protocol: TCP}, {name: admin, port: 9902}]
  backends: [{name: a, type: Addresses, addresses: [{host: 10.0.0.1, port: 80, portName: http}, {host: 10.0.0.1, port: 81, portName: db}, {host: 10.0.0.1, port: 82, portName: admin}]}]
`) as LoadBalancedService;
  const config = resolveConfig(resource, { mode: 'cluster' });
  const policy = buildNetworkPolicy(resource, config) as unknown as Policy;
  const traffic = config.listeners.map(({ bindPort }) => bindPort);

  test('is for its pods, and for what comes in', () => {
    assert.deepEqual(policy.spec.podSelector.matchLabels, balancerSelector('shop'));
    assert.deepEqual(policy.spec.policyTypes, ['Ingress']);
  });
  test('no port that takes traffic is the admin port, whatever the resource asks for', () => assert.ok(!traffic.includes(9902)));
  for (const [who, client] of Object.entries({ ...strangers, ...scrapers })) {
    test(`${who} reaches every port that takes traffic, and ${who in scrapers ? 'the admin port too' : 'no other'}`, () => {
      for (const port of traffic) assert.equal(mayConnect(policy, client, port), true, String(port));
      assert.equal(mayConnect(policy, client, 9902), who in scrapers);
      for (const port of [80, 22, 8080]) assert.equal(mayConnect(policy, client, port), false, String(port));
    });
  }
});

suite("the operator's NetworkPolicy", () => {
  const objects = parseAllDocuments(readFileSync(join(import.meta.dirname, '../../../deploy/install.yaml'), 'utf8')).map((each) =>
    each.toJS(),
  );
  const policy = objects.find(({ kind }) => kind === 'NetworkPolicy') as Policy;
  const deployment = objects.find(({ kind }) => kind === 'Deployment') as { spec: { template: { metadata: { labels: Labels } } } };
  const own = (client: Client): Client => (client.namespace === 'store' ? { ...client, namespace: policy.metadata.namespace } : client);

  test('is for its pods, and for what comes in', () => {
    assert.ok(matches(policy.spec.podSelector.matchLabels, deployment.spec.template.metadata.labels));
    assert.deepEqual(policy.spec.policyTypes, ['Ingress']);
  });
  for (const [who, client] of Object.entries({ ...strangers, ...scrapers })) {
    test(`${who} ${who in scrapers ? 'reaches its admin port' : 'reaches nothing'}`, () => {
      assert.equal(mayConnect(policy, own(client), 8081), who in scrapers);
      assert.equal(mayConnect(policy, own(client), 8080), false);
    });
  }
});
