import { type ResourceCases, shop, withPorts, withSpec } from './parts.ts';

export const wholeCases: ResourceCases = {
  'the smallest resource is taken': { resource: shop({}) },
  'a resource with every field is taken': {
    resource: `apiVersion: evenkeel.dev/v1alpha1
kind: LoadBalancedService
metadata: {name: shop, labels: {team: sales}, annotations: {note: "a: b"}}
spec:
  suspend: false
  service: {name: store, type: LoadBalancer}
  ports:
  - {name: http, port: 80, protocol: HTTP, trustedProxies: [10.0.0.0/8, "fd00::/8"], maxConnectionAge: 1h30m}
  - {name: db, port: 5432, protocol: TCP, maxConnectionAge: 168h}
  backends:
  - name: stable
    weight: 9
    type: Deployment
    serverWeight: 3
    ports: [{name: http, port: 8080}, {name: db, port: 5432}]
    deployment:
      replicas: 3
      template:
        metadata: {labels: {version: v1}}
        spec: {containers: [{name: web, image: web, command: [web], ports: [{containerPort: 8080}]}]}
  - {name: legacy, weight: 0, type: Service, serverWeight: 1, serviceRef: {name: old-shop}, ports: [{name: http, port: web}]}
  - name: fixed
    type: Addresses
    addresses:
    - {host: 10.0.0.7, port: 8080, portName: http, weight: 2}
    - {host: "fd00::7", port: 5432, portName: db, weight: 1000}
    - {host: db-1.example.com., port: 5432, portName: db}
  strategy: {type: WeightedRoundRobin}
  heartbeat:
    type: HTTP
    http:
      path: /healthz?deep=1&from=%2Fa
      port: 9000
      host: shop.example.com:8080
      headers: [{name: X-Check, value: "yes, please"}, {name: Accept, value: ""}]
      expectedStatuses: [{start: 200, end: 299}, {start: 418, end: 418}]
    schedule: {type: Budget, budget: {checksPerSecond: 200, minInterval: 50ms, maxInterval: 1m}}
    timeout: 250ms
    failureThreshold: 3
    successThreshold: 1
    jitterPercent: 0
  failover:
    retryMethods: Keyed
    retryBudgetPercent: 0
    replayBufferBytes: 0
    maxEjectedPercent: 100
    connectTimeout: 1s
    responseTimeout: 24h
    drainTimeout: 10s
  balancer: {type: Dedicated, dedicated: {replicas: 3, workers: 2}}
  telemetry: {accessLog: JSON, responseHeader: X-Served-By}
`,
  },
  'a spec that is missing is refused': {
    resource: 'apiVersion: evenkeel.dev/v1alpha1\nkind: LoadBalancedService\nmetadata: {name: shop}\n',
    refused: { at: 'spec', says: 'is required', serverSays: 'Required value' },
  },
  'an unknown field is refused, and the nearest right one is named': {
    resource: withSpec('heartbeet: {}'),
    refused: { at: 'spec.heartbeet', says: 'unknown field; did you mean heartbeat?', serverSays: 'unknown field' },
  },
  'an unknown field within a list is refused': {
    resource: withPorts('[{name: http, port: 80, protcol: HTTP}]'),
    refused: { at: 'spec.ports[0].protcol', says: 'did you mean protocol?', serverSays: 'unknown field' },
  },
  'a text where a number belongs is refused': {
    resource: withPorts('[{name: http, port: "80"}]'),
    refused: { at: 'spec.ports[0].port', says: 'must be a whole number, not "80"', serverSays: 'must be of type integer' },
  },
  'nothing where a list belongs is refused': {
    resource: shop({ ports: '' }),
    refused: { at: 'spec.ports', says: 'is required', serverSays: 'Required value' },
  },
  'nothing where an object may stand is taken': { resource: withSpec('heartbeat:') },
  'nothing where an item of a list belongs is refused': {
    resource: withPorts('[{name: http, port: 80}, null]'),
    refused: { at: 'spec.ports[1]', says: 'must be an object, not nothing', serverSays: 'must be of type object' },
  },
  'an object where a list belongs is refused': {
    resource: shop({ backends: '{}' }),
    refused: { at: 'spec.backends', says: 'must be a list, not an object', serverSays: 'must be of type array' },
  },
};
