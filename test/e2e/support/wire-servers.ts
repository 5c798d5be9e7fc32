import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { Certificate } from '../../support/certificate.ts';
import { podTemplate } from './manifests.ts';

const CONFIG_MAP = 'wire-server';

/** What the pods of `wireServer` need. */
export function wireServerSource(): KubeObject {
  const source = readFileSync(join(import.meta.dirname, 'wire-server.ts'), 'utf8');
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: CONFIG_MAP }, data: { 'wire-server.ts': source } } as KubeObject;
}

export function tlsSecret(name: string, { cert, key }: Certificate): KubeObject {
  const stringData = { 'tls.crt': cert, 'tls.key': key };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, type: 'kubernetes.io/tls', stringData } as KubeObject;
}

/** The template of pods that run wire-server.ts; `secret`: with the certificate in it they speak TLS, too. */
export function wireServer(secret: string | null = null): Record<string, unknown> {
  const { spec, ...template } = podTemplate(['node', '/server/wire-server.ts']) as { spec: { containers: Record<string, unknown>[] } };
  const mounted = { server: { configMap: { name: CONFIG_MAP } }, ...(secret === null ? {} : { tls: { secret: { secretName: secret } } }) };
  const container = {
    ...spec.containers[0],
    ports: [8080, 8081, 8443].map((containerPort) => ({ containerPort })),
    readinessProbe: { tcpSocket: { port: secret === null ? 8080 : 8443 }, periodSeconds: 1 },
    volumeMounts: Object.keys(mounted).map((name) => ({ name, mountPath: `/${name}` })),
  };
  const volumes = Object.entries(mounted).map(([name, volume]) => ({ name, ...volume }));
  return { ...template, spec: { ...spec, volumes, containers: [container] } };
}
