import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDefaults } from '../../../src/api/v1alpha1/defaults.ts';
import type { Backend, LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { Child } from '../../../src/operator/child.ts';
import type { Observation } from '../../../src/operator/observation.ts';
import { plan } from '../../../src/operator/plan.ts';
import { RELEASE_ANNOTATION, WAVE_ANNOTATION } from '../../../src/operator/rollout-annotations.ts';
import type { Manifest } from '../../../src/resources/owned.ts';
import { AWAITED_ANNOTATION, type LiveConfig } from '../../../src/resources/retirement.ts';
import { view, workload } from '../status/fixtures.ts';

const deployment = (name: string): Backend => ({
  name,
  type: 'Deployment',
  ports: [{ port: 8080 }],
  deployment: { replicas: 2, template: {} },
});

function resource(backends: readonly string[], generation = 2, replicas?: number): LoadBalancedService {
  return {
    apiVersion: 'evenkeel.dev/v1alpha1',
    kind: 'LoadBalancedService',
    metadata: { name: 'shop', namespace: 'default', uid: 'owner-1', generation },
    spec: {
      ports: [{ name: 'http', port: 80 }],
      backends: backends.map(deployment),
      ...(replicas === undefined ? {} : { balancer: { type: 'Dedicated', dedicated: { replicas } } }),
    },
  };
}

const live = (...backends: string[]): LiveConfig => ({ config: resolveConfig(resource(backends, 1), { mode: 'cluster' }), awaited: [] });

function child(kind: string, name: string, backend?: string): Child {
  return { kind, fingerprint: '', metadata: { name, labels: backend === undefined ? {} : { 'evenkeel.dev/backend': backend } } };
}

function going(kind: string, name: string): Child {
  const { metadata, ...rest } = child(kind, name);
  return { ...rest, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
}

function replacedBalancers(): Child {
  const { metadata, ...rest } = child('Deployment', 'shop--balancer');
  return { ...rest, metadata: { ...metadata, annotations: { [RELEASE_ANNOTATION]: 'r', [WAVE_ANNOTATION]: 'r' } } };
}

const objectsOf = (backend: string) => [child('Deployment', `shop--${backend}`, backend), child('Service', `shop--${backend}`, backend)];

interface Situation {
  readonly wanted: readonly string[];
  readonly live?: LiveConfig | null;
  readonly children?: readonly Child[];
  /** Backends that the balancers list, with two healthy endpoints each; null: no balancer reports. */
  readonly listed?: readonly string[] | null;
  readonly applied?: number;
  readonly othersRolling?: number;
  readonly balancersMixed?: true;
  /** spec.balancer.dedicated.replicas. */
  readonly replicas?: number;
  /** Backends whose servers run. */
  readonly running?: readonly string[];
}

function decide(situation: Situation) {
  const { wanted, listed = wanted, applied = 2, running = wanted } = situation;
  const backends = (listed ?? []).map((name) => ({ name, endpoints: 2, healthy: 2 }));
  const observation: Observation = {
    resource: resource(wanted, 2, situation.replicas),
    children: situation.children ?? [],
    live: (kind, name) => situation.children?.find((each) => each.kind === kind && each.metadata?.name === name),
    isUnowned: () => false,
    liveConfig: situation.live === undefined ? live(...wanted) : situation.live,
    views: listed === null ? [] : [view('a', { appliedGeneration: applied, backends })],
    balancers: workload(1),
    balancersMixed: situation.balancersMixed ?? false,
    servers: new Map(wanted.map((name) => [name, workload(2, { upToDate: running.includes(name) })])),
  };
  const spec = withDefaults(observation.resource);
  const decided = plan({
    observation,
    spec,
    config: resolveConfig(observation.resource, { mode: 'cluster' }),
    balancerImage: 'i',
    release: 'r',
    maxRolling: 1,
    granted: false,
    othersRolling: () => ({ all: situation.othersRolling ?? 0, atWork: situation.othersRolling ?? 0 }),
  });
  const configMap = decided.manifests.find(({ kind }) => kind === 'ConfigMap');
  const { 'config.json': text = '{}' } = (configMap?.data ?? {}) as Record<string, string>;
  return {
    given: (JSON.parse(text) as { backends: { name: string }[] }).backends.map(({ name }) => name),
    awaits: configMap?.metadata.annotations?.[AWAITED_ANNOTATION],
    prune: decided.prune.map(({ kind, metadata }) => `${kind}/${metadata?.name}`),
    pending: decided.pending?.reason,
    balancers: replicasOf(decided.manifests),
    rollout: decided.rollout,
    wave: decided.wave?.metadata.name ?? null,
    order: decided.manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
  };
}

/** 'live': nothing is said of them. */
function replicasOf(manifests: readonly Manifest[]): number | 'live' | 'left alone' {
  const deployment = manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'shop--balancer');
  if (deployment === undefined) return 'left alone';
  return (deployment?.spec as { replicas?: number } | undefined)?.replicas ?? 'live';
}

const KEPT = { given: ['blue', 'stable'], awaits: 'blue', prune: [], pending: 'ReplacingBackends' };
const bothRun = { wanted: ['blue'], live: { ...live('blue', 'stable'), awaited: ['blue'] }, children: objectsOf('stable') };

const TABLE: Record<string, { given: Situation; expect: Partial<ReturnType<typeof decide>> }> = {
  'there is no balancer yet, and nobody says how many': { given: { wanted: ['stable'] }, expect: { balancers: 2 } },
  'there are balancers, and nobody says how many: an autoscaler may': {
    given: { wanted: ['stable'], children: [child('Deployment', 'shop--balancer')] },
    expect: { balancers: 'live' },
  },
  'the balancers were deleted and are going: those in their place are new': {
    given: { wanted: ['stable'], children: [going('Deployment', 'shop--balancer')] },
    expect: { balancers: 2 },
  },
  'there are balancers, and the spec says how many': {
    given: { wanted: ['stable'], children: [child('Deployment', 'shop--balancer')], replicas: 3 },
    expect: { balancers: 3 },
  },
  'the balancers are of another release, and no more may be replaced now': {
    given: { wanted: ['stable'], children: [child('Deployment', 'shop--balancer')], othersRolling: 1 },
    expect: { rollout: 'Wait', wave: null, balancers: 'left alone' },
  },
  'the balancers are of another release, and may be replaced now': {
    given: { wanted: ['stable'], children: [child('Deployment', 'shop--balancer')] },
    expect: { rollout: 'Go', wave: 'shop--balancer' },
  },
  'the balancers were replaced for this release': {
    given: { wanted: ['stable'], children: [replacedBalancers()] },
    expect: { rollout: 'Free', wave: null },
  },
  'the balancers were replaced for this release, and one of another template is there still': {
    given: { wanted: ['stable'], children: [replacedBalancers()], balancersMixed: true },
    expect: { rollout: 'Free', wave: 'shop--balancer' },
  },
  'nothing is obsolete': { given: { wanted: ['stable'] }, expect: { given: ['stable'], prune: [] } },
  'a backend was just renamed': {
    given: { wanted: ['blue'], live: live('stable'), children: objectsOf('stable'), listed: ['stable'], running: [] },
    expect: KEPT,
  },
  'servers of the new name run, and balancers do not know them all yet': { given: { ...bothRun, listed: ['stable'] }, expect: KEPT },
  'balancers know the servers of the new name, and not all of them run': {
    given: { ...bothRun, running: [], listed: ['blue', 'stable'] },
    expect: KEPT,
  },
  'the new name has arrived': {
    given: { ...bothRun, listed: ['blue', 'stable'] },
    expect: { given: ['blue'], prune: [], pending: 'RemovingObjects' },
  },
  'the new configuration is written, and balancers still list the old name': {
    given: { wanted: ['blue'], children: objectsOf('stable'), listed: ['blue', 'stable'] },
    expect: { prune: [], pending: 'RemovingObjects' },
  },
  'balancers have let go of the old name': {
    given: { wanted: ['blue'], children: objectsOf('stable') },
    expect: { given: ['blue'], prune: ['Deployment/shop--stable', 'Service/shop--stable'] },
  },
  'no balancer is left that could use the old name': {
    given: { wanted: ['blue'], children: objectsOf('stable'), listed: null },
    expect: { prune: ['Deployment/shop--stable', 'Service/shop--stable'] },
  },
  'the Service for clients had another name, and balancers are behind': {
    given: { wanted: ['stable'], children: [child('Service', 'front')], applied: 1 },
    expect: { prune: [], pending: 'RemovingObjects' },
  },
  'the Service for clients had another name, and is to outlive the resource': {
    given: {
      wanted: ['stable'],
      children: [
        {
          kind: 'Service',
          fingerprint: '',
          metadata: { name: 'front', labels: { 'evenkeel.dev/service': 'shop' }, annotations: { 'evenkeel.dev/held-by': 'owner-1' } },
        },
      ],
    },
    expect: { prune: [], pending: undefined },
  },
  'the Service for clients had another name': {
    given: { wanted: ['stable'], children: [child('Service', 'front')] },
    expect: { prune: ['Service/front'] },
  },
};

for (const [sentence, { given, expect }] of Object.entries(TABLE)) {
  test(`plan when ${sentence}`, () => {
    const decided = decide(given);
    const asked = Object.fromEntries(Object.keys(expect).map((key) => [key, decided[key as keyof typeof decided]]));
    assert.deepEqual(asked, expect);
  });
}

test('what can be refused for its content is written before the configuration, and the Service last', () => {
  const { order } = decide({ wanted: ['stable'] });
  assert.ok(order.indexOf('Deployment/shop--stable') < order.indexOf('ConfigMap/shop--balancer'));
  assert.ok(order.indexOf('Deployment/shop--balancer') < order.indexOf('ConfigMap/shop--balancer'));
  assert.equal(order.at(-1), 'Service/shop');
});
