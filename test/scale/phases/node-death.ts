import { pause, waitFor } from '../../e2e/support/wait.ts';
import { type Counts, counts, listed, since, usage } from '../figures.ts';
import type { Report } from '../report.ts';
import type { World } from '../world.ts';

/** After the last change that was seen: until then what it caused is not over. */
const QUIET_MS = 8_000;

/** A node with all its servers loses power, its pods are found not ready, it comes back. */
export async function nodeDeath(world: World, report: Report): Promise<void> {
  const { nodes, balancers } = world;
  const node = nodes.servers[nodes.servers.length - 2] ?? nodes.servers[0] ?? '';
  const pods = nodes.pods.byIndex('node', node).length;
  const ready = (): number => nodes.pods.byIndex('node', node).filter((pod) => pod.ready).length;
  report.progress(`node ${node} with ${pods} servers dies`);
  const before = { counts: await counts(), usage: usage(world.operator.pid) };
  nodes.lose(node);
  balancers.lose(node);
  await quiet(world);
  const out = await counts();
  tell(report, `node with ${pods} servers dies: until the status tells`, since(before.counts, out));
  await waitFor('its pods to be called not ready', () => ready() === 0, { timeoutMs: 120_000, saw: ready });
  await quiet(world);
  const left = await counts();
  tell(report, 'its pods are called not ready (after 50 s)', since(out, left));
  await nodes.regain(node);
  await waitFor('its pods to be ready', () => ready() === pods, { timeoutMs: 60_000, saw: ready });
  await quiet(world);
  const back = await counts();
  tell(report, 'it comes back', since(left, back));
  tell(report, 'all three', since(before.counts, back));
  report.add('operator, CPU time for all three', `${(usage(world.operator.pid).cpuSeconds - before.usage.cpuSeconds).toFixed(1)} s`);
}

function tell(report: Report, what: string, done: Counts): void {
  const ours = new Map([...done.writes].filter(([key]) => /loadbalancedservices|balancerreports|events\.events\.k8s\.io/.test(key)));
  report.add(`${what}: writes of operator and balancers`, listed(ours) || 'none');
  report.add(
    `${what}: etcd, all that changed in the cluster`,
    `${done.puts} puts, ${(done.putBytes / 1e6).toFixed(2)} MB; operator's API requests ${done.requests.get('evenkeel-operator') ?? 0}`,
  );
}

/** Until no status has changed for a while. */
async function quiet(world: World): Promise<void> {
  let changedAt = performance.now();
  const stop = world.resources.onChange(() => {
    changedAt = performance.now();
  });
  while (performance.now() - changedAt < QUIET_MS) await pause(250);
  stop();
}
