import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { Backend } from '../../../src/api/v1alpha1/types.ts';
import { recorderAddress } from './agent.ts';

const CONFIG_MAP = 'post-recorder';

/** What the pods of `recordingPosts` need. */
export function recorderSource(): KubeObject {
  const source = readFileSync(join(import.meta.dirname, 'post-recorder.ts'), 'utf8');
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: CONFIG_MAP }, data: { 'post-recorder.ts': source } } as KubeObject;
}

/** The same backend, whose servers tell the load agent which POSTs they execute: `executed` and `repeated` of a LoadResult. */
export async function recordingPosts(backend: Backend): Promise<Backend> {
  const { deployment } = backend;
  if (deployment === undefined) throw new Error(`backend ${backend.name} is no Deployment`);
  const { spec, ...template } = deployment.template as { spec: { containers: Record<string, unknown>[] } };
  const container = {
    ...spec.containers[0],
    env: [
      { name: 'NODE_OPTIONS', value: '--import=/recorder/post-recorder.ts' },
      { name: 'POST_RECORDER', value: await recorderAddress() },
    ],
    volumeMounts: [{ name: 'recorder', mountPath: '/recorder' }],
  };
  const volumes = [{ name: 'recorder', configMap: { name: CONFIG_MAP } }];
  return { ...backend, deployment: { ...deployment, template: { ...template, spec: { ...spec, volumes, containers: [container] } } } };
}
