import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { decideRollout, inputsOf, type Rollout, type RolloutQuestion, releaseOf } from '../../../src/operator/rollout.ts';
import { resource } from '../status/fixtures.ts';

const wanted = { release: 'new', inputs: 'asked' };
const live = (more: Partial<NonNullable<RolloutQuestion['live']>> = {}): NonNullable<RolloutQuestion['live']> => ({
  release: 'old',
  inputs: 'asked',
  wave: undefined,
  upToDate: true,
  ...more,
});
const { release: _release, inputs: _inputs, ...unmarked } = live();

interface Situation {
  readonly live: RolloutQuestion['live'];
  readonly granted?: true;
  /** Others that are under way. */
  readonly others?: number;
  /** So many of them wait. */
  readonly halfWay?: number;
  readonly expect: Rollout;
}
const TABLE: Record<string, Situation> = {
  'there are no balancers yet, whoever is under way': { live: null, others: 9, expect: { step: 'Free', wave: false } },
  'they are of this release': { live: live({ release: 'new' }), others: 9, expect: { step: 'Free', wave: false } },
  'they are of this release, and their owner changes them': {
    live: live({ release: 'new', inputs: 'before' }),
    others: 9,
    expect: { step: 'Free', wave: false },
  },
  'they were replaced for this release, and are not ready': {
    live: live({ release: 'new', wave: 'new', upToDate: false }),
    others: 9,
    expect: { step: 'Free', wave: true },
  },
  'they were replaced for this release, and are ready': {
    live: live({ release: 'new', wave: 'new' }),
    expect: { step: 'Free', wave: false },
  },
  'they are of another release, and there is room': { live: live(), others: 1, expect: { step: 'Go' } },
  'they are of another release, and there is no room': { live: live(), others: 2, expect: { step: 'Wait' } },
  'they are being replaced for another release, which is taken back, and others too': {
    live: live({ release: 'bad', wave: 'bad', upToDate: false }),
    others: 3,
    halfWay: 2,
    expect: { step: 'Go' },
  },
  'they are being replaced for another release, and there is no room even so': {
    live: live({ release: 'bad', wave: 'bad', upToDate: false }),
    others: 3,
    halfWay: 1,
    expect: { step: 'Wait' },
  },
  'they were replaced for another release, and others that are left half-way wait': {
    live: live({ release: 'bad', wave: 'bad' }),
    others: 3,
    halfWay: 2,
    expect: { step: 'Wait' },
  },
  'their turn has come, and the cache does not show it yet': { live: live(), granted: true, others: 9, expect: { step: 'Go' } },
  'their turn has come, the cache does not show it yet, and their owner changes them': {
    live: live({ inputs: 'before' }),
    granted: true,
    others: 9,
    expect: { step: 'Free', wave: true },
  },
  'they are being replaced for another release, and their owner changes them': {
    live: live({ release: 'bad', wave: 'bad', upToDate: false, inputs: 'before' }),
    others: 9,
    expect: { step: 'Free', wave: true },
  },
  'they are being replaced for this release, and their owner changes them': {
    live: live({ release: 'new', wave: 'new', upToDate: false, inputs: 'before' }),
    others: 9,
    expect: { step: 'Free', wave: true },
  },
  'they are of another release, there is no room, and their owner changes them': {
    live: live({ inputs: 'before' }),
    others: 2,
    expect: { step: 'Free', wave: false },
  },
  'they are of a release that did not say so, and there is room': { live: unmarked, expect: { step: 'Go' } },
  'they are of a release that did not say so, and there is no room': { live: unmarked, others: 2, expect: { step: 'Wait' } },
};

for (const [sentence, { live: before, granted = false, others = 0, halfWay = 0, expect }] of Object.entries(TABLE)) {
  test(`rollout when ${sentence}: ${expect.step}`, () => {
    const underWay = () => ({ all: others, atWork: others - halfWay });
    assert.deepEqual(decideRollout({ live: before, wanted, granted, others: underWay, max: 2 }), expect);
  });
}

test('another image is another release, and the same image the same', () => {
  assert.equal(releaseOf('evenkeel:1'), releaseOf('evenkeel:1'));
  assert.notEqual(releaseOf('evenkeel:1'), releaseOf('evenkeel:2'));
});

test("what a resource's owner changes is told from what changes no pod", () => {
  const inputs = (spec: Partial<LoadBalancedService['spec']>) => inputsOf(resource(spec));
  const before = inputs({});
  const ports = [{ name: 'http', port: 80, maxConnectionAge: '30s' }];
  assert.equal(inputs({ strategy: { type: 'Random' }, limits: { headerBytes: 1024 }, ports }), before);
  const others: Partial<LoadBalancedService['spec']>[] = [
    { balancer: { type: 'Dedicated', dedicated: { replicas: 3 } } },
    { balancer: { type: 'Dedicated', dedicated: { template: { metadata: { labels: { team: 'a' } } } } } },
    { ports: [{ name: 'http', port: 81 }] },
    { failover: { drainTimeout: '5s' } },
    { ports: [{ name: 'http', port: 80, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'a' }] } }] },
  ];
  for (const spec of others) assert.notEqual(inputs(spec), before, JSON.stringify(spec));
});
