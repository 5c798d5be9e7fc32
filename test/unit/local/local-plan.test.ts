import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatIssue, type ParsedResource, parseResources } from '../../../src/config/parse-resources.ts';
import { type PlanOptions, planLocally } from '../../../src/local/local-plan.ts';

const HEAD = `apiVersion: evenkeel.dev/v1alpha1
kind: LoadBalancedService
metadata: {name: shop}
`;

function parse(spec: string): ParsedResource {
  const { resources, issues } = parseResources(HEAD + spec, 'shop.yaml');
  assert.deepEqual(issues.map(formatIssue), []);
  const [parsed] = resources;
  assert.ok(parsed);
  return parsed;
}

const OPTIONS: PlanOptions = { ports: new Map(), resolve: new Map(), secrets: new Map(), generation: 7, uid: 'a-uid' };

function planned(spec: string, options: Partial<PlanOptions> = {}) {
  const result = planLocally(parse(spec), { ...OPTIONS, ...options });
  assert.deepEqual(result.issues.map(formatIssue), []);
  assert.ok(result.plan);
  return result.plan;
}

function refused(spec: string, options: Partial<PlanOptions> = {}): string[] {
  const result = planLocally(parse(spec), { ...OPTIONS, ...options });
  assert.equal(result.plan, null);
  return result.issues.map(formatIssue);
}

const ADDRESSES = `spec:
  ports: [{name: http, port: 80}]
  backends:
  - name: fixed
    type: Addresses
    addresses: [{host: 10.0.0.7, port: 8080, weight: 2}, {host: "::1", port: 8081}]
`;
const SERVICE = `spec:
  ports: [{name: http, port: 80}]
  backends:
  - name: legacy
    type: Service
    serverWeight: 3
    ports: [{port: web}]
    serviceRef: {name: old-shop}
`;
const deployment = (container: string, more = '') => `spec:
  ports: [{name: http, port: 80}]
  backends:
  - name: stable
    type: Deployment
    ports: [{port: 8080}]
    deployment:
      replicas: 3
      template:
        spec:
          containers:
          - ${container}
${more}`;

describe('planLocally', () => {
  test('the configuration is that of local mode, with generation and uid', () => {
    const { config } = planned(ADDRESSES, { ports: new Map([['http', 8000]]) });
    assert.equal(config.generation, 7);
    assert.equal(config.uid, 'a-uid');
    assert.deepEqual(
      config.listeners.map(({ port, bindPort }) => [port, bindPort]),
      [[80, 8000]],
    );
  });

  test('addresses are endpoints, with their weights', () => {
    assert.deepEqual(planned(ADDRESSES).given, [
      { id: '10.0.0.7:8080', host: '10.0.0.7', port: 8080, backend: 'fixed', portName: 'http', weight: 2, lifecycle: 'Ready' },
      { id: '[::1]:8081', host: '::1', port: 8081, backend: 'fixed', portName: 'http', weight: 1, lifecycle: 'Ready' },
    ]);
  });

  test('a Service is what --resolve says', () => {
    const { given } = planned(SERVICE, { resolve: new Map([['old-shop', [{ host: 'shop.example', port: 8080 }]]]) });
    assert.deepEqual(given, [
      { id: 'shop.example:8080', host: 'shop.example', port: 8080, backend: 'legacy', portName: 'http', weight: 3, lifecycle: 'Ready' },
    ]);
  });

  test('a Service that nobody resolved is refused, with its line', () => {
    assert.deepEqual(refused(SERVICE), [
      'shop.yaml:11:18: spec.backends[0].serviceRef.name: there is no Service old-shop without a cluster: say where its servers are with --resolve old-shop=HOST:PORT',
    ]);
  });

  test('a Secret is where --secret says, and one that nobody gave is refused, with its line', () => {
    const tls = `spec:
  ports:
  - name: https
    port: 443
    protocol: HTTPS
    tls:
      certificateRefs: [{name: shop-tls}]
      clientValidation: {caCertificateRef: {name: clients}}
  backends: [{name: fixed, type: Addresses, addresses: [{host: 10.0.0.7, port: 8080}]}]
`;
    const secrets = new Map([['shop-tls', 'certificates']]);
    assert.deepEqual(refused(tls, { secrets }), [
      'shop.yaml:11:45: spec.ports[0].tls.clientValidation.caCertificateRef.name: there is no Secret clients without a cluster: say where its files are with --secret clients=DIRECTORY',
    ]);
    const { config } = planned(tls, { secrets: new Map([...secrets, ['clients', 'authorities']]) });
    assert.equal(config.listeners[0]?.tls?.certificates[0]?.key, 'certificates/tls.key');
    assert.equal(config.listeners[0]?.tls?.clientCa?.file, 'authorities/ca.crt');
  });

  test('Secrets for servers are asked for, too', () => {
    const tls = ADDRESSES.replace(
      '    type:',
      '    tls: {caCertificateRef: {name: ca}, hostname: shop, certificateRef: {name: us}}\n    type:',
    );
    assert.deepEqual(
      refused(tls).map((line) => /^(\S+): (\S+): .*(--secret \S+)/.exec(line)?.slice(1)),
      [
        ['shop.yaml:8:30', 'spec.backends[0].tls.caCertificateRef.name', '--secret ca=DIRECTORY'],
        ['shop.yaml:8:74', 'spec.backends[0].tls.certificateRef.name', '--secret us=DIRECTORY'],
      ],
    );
  });

  test('a Deployment is processes', () => {
    const { processes } = planned(deployment('{name: web, command: [serve, $(PORT)]}'));
    assert.deepEqual(processes, [
      {
        backend: 'stable',
        replicas: 3,
        serverWeight: 1,
        ports: [{ listener: 'http', port: 8080 }],
        command: {
          words: ['serve', '$(PORT)'],
          workingDirectory: null,
          environment: [],
          path: ['spec', 'containers', 0, 'command'],
          ignored: [],
        },
        place: 'shop.yaml:15:25',
      },
    ]);
  });

  test('an image without a command is refused, with its line', () => {
    assert.deepEqual(refused(deployment('{name: web, image: nginx}')), [
      'shop.yaml:15:13: spec.backends[0].deployment.template.spec.containers[0]: container "web" has no command: ' +
        'without a cluster image "nginx" is not run, so give the command that starts the server here',
    ]);
  });

  test('what is meant for the pods of the balancer is named as ignored', () => {
    const template = '  balancer: {type: Dedicated, dedicated: {template: {spec: {priorityClassName: high}}}}\n';
    assert.deepEqual(planned(ADDRESSES + template).notices, [
      'spec.balancer.dedicated.template means nothing without a cluster: the balancer is this process',
    ]);
  });
  test('what is ignored is told', () => {
    assert.deepEqual(planned(deployment('{name: web, image: nginx, command: [serve]}')).notices, [
      'backend stable: without a cluster these fields of its template are ignored: spec.containers[0].image',
    ]);
  });

  test('one port for the heartbeats of all servers is refused: here each server has another', () => {
    const [issue = ''] = refused(
      deployment('{name: web, command: [serve]}', '  heartbeat: {type: HTTP, http: {path: /healthz, port: 9000}}\n'),
    );
    assert.match(issue, /^shop\.yaml:16:50: spec\.heartbeat\.http\.port: servers that are started here have a port each/);
  });

  test('all that is wrong is told at once', () => {
    const two = `${SERVICE}${deployment('{name: web}').slice(deployment('').indexOf('  - name: stable'))}`;
    assert.equal(refused(two).length, 2);
  });
});
