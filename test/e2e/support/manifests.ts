import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { Backend, LoadBalancedService, LoadBalancedServiceSpec } from '../../../src/api/v1alpha1/types.ts';

export const root = join(import.meta.dirname, '../../..');

/** The image under test, and the name that stands for it in the manifests of deploy/. */
export const image = process.env.EVENKEEL_E2E_IMAGE ?? 'evenkeel:dev';

/** The objects of a file of this repository, with the image under test. */
export function objectsOf(file: string): KubeObject[] {
  const text = readFileSync(join(root, file), 'utf8').replaceAll('evenkeel:dev', image);
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
}

export function customResourceDefinitions(): KubeObject[] {
  return readdirSync(join(root, 'crds')).flatMap((file) => objectsOf(join('crds', file)));
}

/** A pod template whose container runs `command` in the image under test, under the restricted standard. */
export function podTemplate(command: readonly string[], labels: Record<string, string> = {}): Record<string, unknown> {
  return {
    metadata: { labels },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'server',
          image,
          imagePullPolicy: 'IfNotPresent',
          command,
          ports: [{ containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 },
          resources: { requests: { cpu: '50m', memory: '48Mi' } },
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}

/** A backend of Hello World servers. */
export function helloBackend(
  name: string,
  replicas: number | undefined,
  more: Partial<Backend> = {},
  flags: readonly string[] = [],
): Backend {
  const template = podTemplate(['evenkeel', 'hello', ...flags]);
  return {
    name,
    type: 'Deployment',
    ports: [{ port: 8080 }],
    deployment: { ...(replicas === undefined ? {} : { replicas }), template },
    ...more,
  };
}

/** The heartbeat of the failover tests: every 200 ms, two misses are out, two answers are back. */
export const quickHeartbeat = {
  type: 'HTTP',
  http: { path: '/healthz' },
  schedule: { type: 'Fixed', fixed: { interval: '200ms' } },
  timeout: '200ms',
  failureThreshold: 2,
  successThreshold: 2,
} as const;

export function resource(
  name: string,
  spec: Partial<LoadBalancedServiceSpec> & Pick<LoadBalancedServiceSpec, 'backends'>,
): LoadBalancedService {
  return {
    apiVersion: 'evenkeel.dev/v1alpha1',
    kind: 'LoadBalancedService',
    metadata: { name },
    spec: { ports: [{ name: 'http', port: 80 }], strategy: { type: 'RoundRobin' }, heartbeat: quickHeartbeat, ...spec },
  };
}

/** A Deployment of Hello World servers with an ordinary Service, to compare with. */
export function plainService(name: string, replicas: number): KubeObject[] {
  const labels = { app: name };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: { replicas, selector: { matchLabels: labels }, template: podTemplate(['evenkeel', 'hello'], labels) },
    } as KubeObject,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    } as KubeObject,
  ];
}
