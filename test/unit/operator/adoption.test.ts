import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDefaults } from '../../../src/api/v1alpha1/defaults.ts';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { type Adoption, decideAdoption, portNamesOf } from '../../../src/operator/adoption.ts';
import type { Child } from '../../../src/operator/child.ts';
import type { Observation } from '../../../src/operator/observation.ts';
import { resource, view, workload } from '../status/fixtures.ts';

const web = { name: 'web', port: 80, protocol: 'TCP' };
const plain = (spec: Child['spec'] = {}): Child => ({
  kind: 'Service',
  fingerprint: '',
  metadata: { name: 'shop' },
  spec: { type: 'ClusterIP', headless: false, selects: true, ports: [web], ...spec },
});

interface Situation {
  readonly service?: Child | null;
  readonly spec?: LoadBalancedService['spec']['service'];
  readonly unowned?: boolean;
  readonly observation?: Partial<Observation>;
}

function decide({ service = plain(), spec = { adoption: 'IfUnowned' }, unowned = true, observation = {} }: Situation): Adoption {
  const wanted = resource({ service: spec });
  const seen: Observation = {
    resource: wanted,
    children: [],
    live: (kind, name) => (kind === 'Service' && name === 'shop' ? (service ?? undefined) : undefined),
    isUnowned: () => unowned,
    liveConfig: null,
    views: [view('a'), view('b')],
    balancers: workload(2),
    balancersMixed: false,
    servers: new Map([['stable', workload(3)]]),
    ...observation,
  };
  return decideAdoption(seen, withDefaults(wanted), resolveConfig(wanted, { mode: 'cluster' }));
}

const TABLE: Record<string, { given: Situation; expect: Adoption['step']; says?: string }> = {
  'there is no Service of that name': { given: { service: null }, expect: 'None' },
  'it was not asked for': { given: { spec: {} }, expect: 'None' },
  'somebody owns it, or it is ours already': { given: { unowned: false }, expect: 'None' },
  'balancers can take its clients': { given: {}, expect: 'Adopt' },
  'not every balancer is ready': { given: { observation: { balancers: workload(2, { upToDate: false }) } }, expect: 'Await' },
  'no balancer is wanted': { given: { observation: { balancers: workload(0), views: [] } }, expect: 'Await' },
  'a balancer has not reported yet': { given: { observation: { views: [view('a')] } }, expect: 'Await' },
  'a balancer finds no server healthy': {
    given: { observation: { views: [view('a'), view('b', { backends: [{ name: 'stable', endpoints: 3, healthy: 0 }] })] } },
    expect: 'Await',
  },
  'no server is left for one of the ports': {
    given: { observation: { views: [view('a'), view('b', { failOpen: ['http'] })] } },
    expect: 'Await',
  },
  'a balancer that is gone has reported': {
    given: { observation: { views: [view('a'), view('b', {}, { presence: 'Gone' })] } },
    expect: 'Await',
  },
  'servers of the resource still start': {
    given: { observation: { servers: new Map([['stable', workload(3, { upToDate: false })]]) } },
    expect: 'Await',
  },
  'it is of another type': {
    given: { service: plain({ type: 'LoadBalancer' }) },
    expect: 'Refuse',
    says: 'it is of type LoadBalancer, and spec.service.type asks for ClusterIP',
  },
  'it is headless': { given: { service: plain({ headless: true }) }, expect: 'Refuse', says: 'it is headless' },
  'it has no selector': { given: { service: plain({ selects: false }) }, expect: 'Refuse', says: 'it has no selector' },
  'it has ports that the resource lacks': {
    given: { service: plain({ ports: [web, { name: 'tls', port: 443, protocol: 'TCP' }, { name: 'dns', port: 80, protocol: 'UDP' }] }) },
    expect: 'Refuse',
    says: 'it has port 443, 80/UDP, which spec.ports lacks',
  },
};

for (const [sentence, { given, expect, says }] of Object.entries(TABLE)) {
  test(`adoption of a Service when ${sentence}: ${expect}`, () => {
    const decided = decide(given);
    assert.equal(decided.step, expect);
    if (says !== undefined) assert.ok(decided.step === 'Refuse' && decided.problem.message.includes(says), JSON.stringify(decided));
  });
}

test('ports of a Service that was taken over keep their names, and keep having none where there is one port only', () => {
  const config = resolveConfig(resource(), { mode: 'cluster' });
  const two = resolveConfig(
    resource({
      ports: [
        { name: 'http', port: 80 },
        { name: 'admin', port: 81 },
      ],
    }),
    { mode: 'cluster' },
  );
  const unnamed = plain({ ports: [{ ...web, name: '' }] });
  assert.deepEqual([...portNamesOf(plain(), config)], [[80, 'web']]);
  assert.deepEqual([...portNamesOf(unnamed, config)], [[80, '']]);
  assert.deepEqual([...portNamesOf(unnamed, two)], []);
  assert.deepEqual([...portNamesOf(undefined, config)], []);
});
