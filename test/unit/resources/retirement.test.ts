import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackendConfig, BalancerConfig } from '../../../src/model/config.ts';
import { type LiveConfig, retire } from '../../../src/resources/retirement.ts';

const source = (service: string, listener = 'http') => ({
  type: 'EndpointSlices' as const,
  service,
  serverWeight: 1,
  ports: [{ listener, port: 8080 }],
});
/** `stable:9`: with that weight; `stable`: without any; `raw/stable`: serves that listener. */
function backend(text: string): BackendConfig {
  const [, listener, name = '', weight] = /^(?:(\w+)\/)?(\w+)(?::(\d+))?$/.exec(text) ?? [];
  return {
    name,
    protocol: 'HTTP1',
    weight: weight === undefined ? null : Number(weight),
    tls: null,
    proxyProtocol: null,
    serverNames: [],
    source: source(`shop--${name}`, listener),
  };
}
function config(...backends: string[]): BalancerConfig {
  const listener = { name: 'http', port: 80, bindPort: 10080, protocol: 'HTTP' as const, trustedProxies: [], maxConnectionAgeMs: 0 };
  return { listeners: [listener], backends: backends.map(backend) } as unknown as BalancerConfig;
}

interface Case {
  readonly live: readonly string[] | null;
  readonly liveAwaits?: readonly string[];
  readonly wanted: readonly string[];
  readonly arrived?: readonly string[];
  readonly serves?: readonly string[];
  /** What balancers are given. */
  readonly expect: readonly string[];
  readonly awaited?: readonly string[];
}

const TABLE: Record<string, Case> = {
  'nothing has been given yet': { live: null, wanted: ['blue'], expect: ['blue'] },
  'a backend is added': { live: ['stable'], wanted: ['stable', 'blue'], serves: ['stable'], expect: ['stable', 'blue'] },
  'a backend is renamed': { live: ['stable'], wanted: ['blue'], expect: ['blue', 'stable'], awaited: ['blue'] },
  'some servers of the new name are there': {
    live: ['blue', 'stable'],
    liveAwaits: ['blue'],
    wanted: ['blue'],
    serves: ['blue'],
    expect: ['blue', 'stable'],
    awaited: ['blue'],
  },
  'the new name has arrived': {
    live: ['blue', 'stable'],
    liveAwaits: ['blue'],
    wanted: ['blue'],
    arrived: ['blue'],
    serves: ['blue'],
    expect: ['blue'],
  },
  'a backend is taken out, and another one serves, though not all of its servers': {
    live: ['stable', 'canary'],
    wanted: ['stable'],
    serves: ['stable'],
    expect: ['stable'],
  },
  'a backend is taken out, and no other one serves': { live: ['stable', 'canary'], wanted: ['stable'], expect: ['stable', 'canary'] },
  'a weighted backend is renamed': {
    live: ['stable:9', 'canary:1'],
    wanted: ['blue:9', 'canary:1'],
    serves: ['canary'],
    expect: ['blue:0', 'canary:1', 'stable:9'],
    awaited: ['blue'],
  },
  'a backend is renamed and gets its first weight': {
    live: ['stable', 'canary'],
    wanted: ['blue:6', 'canary:1'],
    expect: ['blue:0', 'canary:1', 'stable:6'],
    awaited: ['blue'],
  },
  'weights go with the old name': { live: ['stable:9'], wanted: ['blue'], expect: ['blue', 'stable'], awaited: ['blue'] },
  'only a backend of weight 0 would be left': { live: ['stable:0'], wanted: ['blue:5'], expect: ['blue:5', 'stable:0'], awaited: ['blue'] },
  'the new name never came up, and the old one is put back': {
    live: ['blue', 'stable'],
    liveAwaits: ['blue'],
    wanted: ['stable'],
    serves: ['stable'],
    expect: ['stable'],
  },
  'the port that the old backend served is gone too': { live: ['raw/stable'], wanted: ['blue'], expect: ['blue'] },
};

for (const [sentence, { live, liveAwaits = [], wanted, arrived = [], serves = [], expect, awaited = [] }] of Object.entries(TABLE)) {
  test(`backends given to balancers when ${sentence}`, () => {
    const before: LiveConfig | null = live === null ? null : { config: config(...live), awaited: liveAwaits };
    const result = retire(config(...wanted), before, {
      arrived: (name) => arrived.includes(name),
      serves: (name) => serves.includes(name),
    });
    assert.deepEqual(
      result.config.backends.map(({ name, weight }) => (weight === null ? name : `${name}:${weight}`)),
      expect,
    );
    assert.deepEqual(result.awaited, awaited);
    assert.deepEqual(
      result.retiring,
      expect.map((text) => text.replace(/:.*/, '')).filter((name) => !wanted.some((each) => each.startsWith(name))),
    );
  });
}
