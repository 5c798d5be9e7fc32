import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  EndpointResolver,
  type EndpointSlice,
  followedServices,
  resolveEndpoints,
  type SliceEndpoint,
} from '../../../src/kube/endpoint-slices.ts';
import type { BackendConfig, EndpointSliceSource } from '../../../src/model/config.ts';
import type { Endpoint } from '../../../src/model/endpoint.ts';

type Conditions = NonNullable<SliceEndpoint['conditions']>;

const backend = (name: string, source: Partial<EndpointSliceSource> = {}): BackendConfig => ({
  name,
  protocol: 'HTTP1',
  weight: null,
  tls: null,
  proxyProtocol: null,
  serverNames: [],
  source: { type: 'EndpointSlices', service: `${name}-service`, serverWeight: 1, ports: [{ listener: 'http', port: 8080 }], ...source },
});

const slice = (name: string, endpoints: readonly SliceEndpoint[], more: Partial<EndpointSlice> = {}): EndpointSlice => ({
  metadata: { name },
  addressType: 'IPv4',
  ports: [{ name: 'web', port: 8080, protocol: 'TCP' }],
  endpoints,
  ...more,
});

const at = (address: string, conditions: Conditions = {}, pod?: string): SliceEndpoint => ({
  addresses: [address],
  conditions,
  ...(pod ? { targetRef: { kind: 'Pod', name: pod } } : {}),
});

const seen = (endpoints: readonly Endpoint[]) =>
  endpoints.map(({ backend, portName, id, lifecycle }) => `${backend} ${portName} ${id} ${lifecycle}`);

interface Case {
  readonly backends?: readonly BackendConfig[];
  readonly slices: Readonly<Record<string, readonly EndpointSlice[]>>;
  readonly expected: readonly string[];
}

const lifecycles: [Conditions, 'Ready' | 'Draining' | null][] = [
  [{}, 'Ready'],
  [{ ready: null, serving: null, terminating: null }, 'Ready'],
  [{ ready: true, serving: true, terminating: false }, 'Ready'],
  [{ ready: false, serving: false, terminating: false }, null],
  [{ ready: false, serving: true, terminating: true }, 'Draining'],
  [{ ready: false, serving: false, terminating: true }, null],
  [{ ready: false, terminating: true }, null],
  // A Service with publishNotReadyAddresses says ready of everything.
  [{ ready: true, serving: true, terminating: true }, 'Draining'],
  [{ ready: true, serving: false, terminating: true }, null],
  [{ ready: true, serving: false, terminating: false }, 'Ready'],
];

const cases: Record<string, Case> = {
  'one address in two slices is one endpoint': {
    slices: { 'a-service': [slice('s1', [at('10.0.0.1')]), slice('s2', [at('10.0.0.1'), at('10.0.0.2')])] },
    expected: ['a http 10.0.0.1:8080 Ready', 'a http 10.0.0.2:8080 Ready'],
  },
  'ready in one slice counts before draining in another, whichever comes first': {
    slices: {
      'a-service': [
        slice('s1', [at('10.0.0.1', { ready: false, serving: true, terminating: true }), at('10.0.0.2')]),
        slice('s2', [at('10.0.0.1'), at('10.0.0.2', { ready: false, serving: true, terminating: true })]),
      ],
    },
    expected: ['a http 10.0.0.1:8080 Ready', 'a http 10.0.0.2:8080 Ready'],
  },
  'the order does not hang on which slice was seen first': {
    slices: { 'a-service': [slice('s2', [at('10.0.0.2')]), slice('s1', [at('10.0.0.1')])] },
    expected: ['a http 10.0.0.1:8080 Ready', 'a http 10.0.0.2:8080 Ready'],
  },
  'a port is found by number': {
    slices: {
      'a-service': [
        slice('s1', [at('10.0.0.1')], { ports: [{ name: 'x', port: 8080 }] }),
        slice('s2', [at('10.0.0.2')], { ports: [{ port: 9 }] }),
      ],
    },
    expected: ['a http 10.0.0.1:8080 Ready'],
  },
  'a port is found by the name that the slice gives it, which may be another number in another slice': {
    backends: [backend('a', { ports: [{ listener: 'http', port: 'web' }] })],
    slices: { 'a-service': [slice('s1', [at('10.0.0.1')]), slice('s2', [at('10.0.0.2')], { ports: [{ name: 'web', port: 9090 }] })] },
    expected: ['a http 10.0.0.1:8080 Ready', 'a http 10.0.0.2:9090 Ready'],
  },
  'a slice without ports restricts no number, and has no name': {
    backends: [backend('a'), backend('b', { ports: [{ listener: 'http', port: 'web' }] })],
    slices: { 'a-service': [slice('s1', [at('10.0.0.1')], { ports: null })], 'b-service': [slice('s2', [at('10.0.0.2')], { ports: [] })] },
    expected: ['a http 10.0.0.1:8080 Ready'],
  },
  'a UDP port of the same number is no port': {
    slices: { 'a-service': [slice('s1', [at('10.0.0.1')], { ports: [{ port: 8080, protocol: 'UDP' }, { port: 53 }] })] },
    expected: [],
  },
  'each listener gets its own port of an endpoint': {
    backends: [
      backend('a', {
        ports: [
          { listener: 'http', port: 8080 },
          { listener: 'metrics', port: 'metrics' },
        ],
      }),
    ],
    slices: {
      'a-service': [
        slice('s1', [at('10.0.0.1')], {
          ports: [
            { name: 'web', port: 8080 },
            { name: 'metrics', port: 9100 },
          ],
        }),
      ],
    },
    expected: ['a http 10.0.0.1:8080 Ready', 'a metrics 10.0.0.1:9100 Ready'],
  },
  'two listeners may share one port of an endpoint': {
    backends: [
      backend('a', {
        ports: [
          { listener: 'http', port: 8080 },
          { listener: 'alias', port: 8080 },
        ],
      }),
    ],
    slices: { 'a-service': [slice('s1', [at('10.0.0.1')])] },
    expected: ['a http 10.0.0.1:8080 Ready', 'a alias 10.0.0.1:8080 Ready'],
  },
  "an address in two backends is the first one's, even where it drains there": {
    backends: [backend('a'), backend('b')],
    slices: {
      'a-service': [slice('s1', [at('10.0.0.1', { ready: false, serving: true, terminating: true })])],
      'b-service': [slice('s2', [at('10.0.0.1')])],
    },
    expected: ['a http 10.0.0.1:8080 Draining'],
  },
  'IPv6 addresses stand in brackets': {
    slices: { 'a-service': [slice('s1', [at('fd00::1')], { addressType: 'IPv6' })] },
    expected: ['a http [fd00::1]:8080 Ready'],
  },
  'a pod with addresses of both families is one server': {
    slices: {
      'a-service': [
        slice('s1', [at('fd00::1', {}, 'p1'), at('fd00::2', {}, 'p2')], { addressType: 'IPv6' }),
        slice('s2', [at('10.0.0.1', {}, 'p1')]),
      ],
    },
    expected: ['a http 10.0.0.1:8080 Ready', 'a http [fd00::2]:8080 Ready'],
  },
  'slices of names, and endpoints without an address, are passed over': {
    slices: {
      'a-service': [
        slice('s1', [at('example.org')], { addressType: 'FQDN' }),
        slice('s2', [{ addresses: [] }, {}]),
        slice('s3', [], { endpoints: null }),
      ],
    },
    expected: [],
  },
  'a Service without slices has no endpoints': { slices: {}, expected: [] },
  'given addresses are endpoints of their listener': {
    backends: [
      {
        name: 'fixed',
        protocol: 'HTTP1',
        weight: 2,
        tls: null,
        proxyProtocol: null,
        serverNames: [],
        source: { type: 'Addresses', addresses: [{ listener: 'http', host: '10.0.0.7', port: 80, weight: 3 }] },
      },
    ],
    slices: {},
    expected: ['fixed http 10.0.0.7:80 Ready'],
  },
};

describe('endpoints of slices', () => {
  for (const [sentence, { backends = [backend('a')], slices, expected }] of Object.entries(cases)) {
    test(sentence, () => assert.deepEqual(seen(resolveEndpoints(backends, (service) => slices[service] ?? [])), expected));
  }

  for (const [conditions, lifecycle] of lifecycles) {
    test(`${JSON.stringify(conditions)} is ${lifecycle ?? 'absent'}`, () => {
      const [endpoint] = resolveEndpoints([backend('a')], () => [slice('s1', [at('10.0.0.1', conditions)])]);
      assert.equal(endpoint?.lifecycle ?? null, lifecycle);
    });
  }

  test('an endpoint carries weight, pod and node', () => {
    const endpoint = { ...at('10.0.0.1', {}, 'shop-1'), nodeName: 'n1' };
    const [resolved] = resolveEndpoints([backend('a', { serverWeight: 4 })], () => [slice('s1', [endpoint])]);
    assert.deepEqual(resolved, {
      id: '10.0.0.1:8080',
      host: '10.0.0.1',
      port: 8080,
      backend: 'a',
      portName: 'http',
      weight: 4,
      lifecycle: 'Ready',
      podName: 'shop-1',
      nodeName: 'n1',
    });
  });

  test('the Services to follow are each named once, in order', () => {
    const backends = [
      backend('b'),
      backend('a'),
      backend('c', { service: 'a-service' }),
      {
        name: 'd',
        protocol: 'HTTP1' as const,
        weight: null,
        tls: null,
        proxyProtocol: null,
        serverNames: [],
        source: { type: 'Addresses' as const, addresses: [] },
      },
    ];
    assert.deepEqual(followedServices(backends), ['a-service', 'b-service']);
  });
});

describe('the resolver', () => {
  const backends = [backend('a')];
  const [one, two] = [slice('s1', [at('10.0.0.1'), at('10.0.0.2')]), slice('s2', [at('10.0.1.1')])];
  const resolver = new EndpointResolver();
  const before = resolver.resolve(backends, () => [one, two]);

  test('gives the same objects again for a slice that has not changed, and others for one that has', () => {
    const after = resolver.resolve(backends, () => [slice('s1', [at('10.0.0.2')]), two]);
    assert.deepEqual(seen(after), ['a http 10.0.0.2:8080 Ready', 'a http 10.0.1.1:8080 Ready']);
    assert.equal(after[1], before[2]);
    assert.notEqual(after[0], before[1]);
  });

  test('gives other objects after a change of the configuration', () => {
    const after = resolver.resolve([backend('a', { serverWeight: 3 })], () => [one, two]);
    assert.deepEqual(
      after.map(({ weight }) => weight),
      [3, 3, 3],
    );
  });

  test('takes each pod of two families once, whichever slice came anew', () => {
    const four = slice('s4', [at('10.0.0.1', {}, 'p1')]);
    const six = slice('s6', [at('fd00::1', {}, 'p1'), at('fd00::2', {}, 'p2')], { addressType: 'IPv6' });
    const both = () => seen(resolver.resolve(backends, () => [six, four]));
    assert.deepEqual(both(), ['a http 10.0.0.1:8080 Ready', 'a http [fd00::2]:8080 Ready']);
    assert.deepEqual(both(), ['a http 10.0.0.1:8080 Ready', 'a http [fd00::2]:8080 Ready']);
  });
});

describe('where no server is called ready any more', () => {
  const UNREADY = { ready: false, serving: false, terminating: false };
  const GOING = { ready: false, serving: false, terminating: true };
  const backends = [backend('a')];
  const pods = (...conditions: Conditions[]) => [
    slice(
      's1',
      conditions.map((each, index) => at(`10.0.0.${index + 1}`, each, `p${index + 1}`)),
    ),
  ];
  /** One resolver's answers to what it sees one after the other. */
  const follow = (...steps: EndpointSlice[][]) => {
    const resolver = new EndpointResolver();
    const ids = steps.map((slices) =>
      resolver.resolve(backends, () => slices).map(({ id, lifecycle }) => `${id.slice(7, 8)} ${lifecycle}`),
    );
    return { last: ids.at(-1), heldOver: resolver.heldOver };
  };

  test('those that were stay, whether they went at once or one after the other', () => {
    const both = { last: ['1 Ready', '2 Ready'], heldOver: ['a'] };
    assert.deepEqual(follow(pods({}, {}), pods(UNREADY, UNREADY)), both);
    assert.deepEqual(follow(pods({}, {}), pods(UNREADY, {}), pods(UNREADY, UNREADY)), both);
    assert.deepEqual(follow(pods({}, {}), pods(UNREADY, UNREADY), pods(UNREADY, UNREADY)), both, 'for as long as it lasts');
  });

  test('one that is ready again is enough, and the others are absent as ever', () => {
    const { last, heldOver } = follow(pods({}, {}), pods(UNREADY, UNREADY), pods(UNREADY, {}));
    assert.deepEqual([last, heldOver], [['2 Ready'], []]);
  });

  test('one that has never been ready does not serve', () => {
    assert.deepEqual(follow(pods(UNREADY)).last, []);
    assert.deepEqual(follow(pods({}), pods(UNREADY, UNREADY)).last, ['1 Ready']);
  });

  test('one that is going, has gone, or is another pod of the same address, does not stay', () => {
    assert.deepEqual(follow(pods({}, {}), pods(GOING, UNREADY)).last, ['2 Ready']);
    assert.deepEqual(follow(pods({}), []).last, []);
    assert.deepEqual(follow(pods({}), pods(), pods(UNREADY)).last, [], 'it was away meanwhile');
    assert.deepEqual(follow(pods({}), [slice('s1', [at('10.0.0.1', UNREADY, 'another')])]).last, []);
  });

  test('those that drain go on draining beside them', () => {
    const draining = { ready: false, serving: true, terminating: true };
    assert.deepEqual(follow(pods({}, {}), pods(draining, UNREADY)).last, ['1 Draining', '2 Ready']);
  });

  test('each backend for itself', () => {
    const resolver = new EndpointResolver();
    const two = [backend('a'), backend('b')];
    const slicesOf = (conditions: Conditions) => (service: string) =>
      service === 'a-service' ? pods(conditions) : [slice('s2', [at('10.0.1.1')])];
    resolver.resolve(two, slicesOf({}));
    const after = resolver.resolve(two, slicesOf(UNREADY));
    assert.deepEqual(seen(after), ['a http 10.0.0.1:8080 Ready', 'b http 10.0.1.1:8080 Ready']);
    assert.deepEqual(resolver.heldOver, ['a']);
  });
});
