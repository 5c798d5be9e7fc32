import { kubectl } from './api.ts';
import { operatorNamespace } from './install.ts';

/** What a namespace looks like, for whoever reads a failed test: the resources with their status, pods, events, and the last words of all. */
export async function explain(namespace: string): Promise<string> {
  const sections = await Promise.all([
    section('resources', ['get', 'lbs,balancerreports', '-n', namespace, '-o', 'yaml', '--show-managed-fields=false']),
    section('pods', ['get', 'pods,deployments,services,endpointslices', '-n', namespace, '-o', 'wide']),
    section('events', ['get', 'events', '-n', namespace, '--sort-by', '.metadata.creationTimestamp']),
    section('balancers', ['logs', '-n', namespace, '-l', 'evenkeel.dev/component=balancer', '--tail=40', '--prefix']),
    section('operators', ['logs', '-n', operatorNamespace, '-l', 'app.kubernetes.io/component=operator', '--tail=60', '--prefix']),
  ]);
  return sections.join('\n');
}

async function section(title: string, args: readonly string[]): Promise<string> {
  const text = await kubectl(args).catch(String);
  const lines = text.trimEnd().split('\n');
  const omitted = Math.max(0, lines.length - 200);
  return [`=== ${title}`, ...(omitted > 0 ? [`(${omitted} lines left out)`] : []), ...lines.slice(omitted)].join('\n');
}
