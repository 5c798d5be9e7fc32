import type { KubeObject } from '../../src/api/meta.ts';
import { runTool } from './tools.ts';

interface Verdict {
  readonly status: string;
  readonly message: string;
}

export interface Health {
  /** InProgress, Current, Failed or Terminating, by sigs.k8s.io/cli-utils. */
  readonly kstatus: Verdict;
  /** Progressing, Healthy, Degraded or Suspended, by our script in Argo CD's interpreter. */
  readonly argo: Verdict;
}

/** What kstatus and Argo CD make of an object. */
export function healthOf(object: KubeObject): Health {
  return JSON.parse(runTool('health', ['deploy/gitops/argocd/health.lua'], `${JSON.stringify(object)}\n`)) as Health;
}
