import { pause, waitFor } from '../../e2e/support/wait.ts';
import { quantile, samples } from '../figures.ts';
import type { Pod } from '../pods.ts';
import { isBalancer } from '../pods.ts';
import type { Evenkeel } from '../processes.ts';
import type { Report } from '../report.ts';
import type { World } from '../world.ts';

/** How often a balancer is asked what it knows: this much a figure may be too large. */
const LOOK_MS = 5;

/** Pods become ready and not ready: how long until a real balancer knows. */
export async function podChanges(world: World, report: Report): Promise<void> {
  const times: number[] = [];
  const each = Math.ceil(world.settings.podChanges / Math.max(1, world.realBalancers.size));
  await Promise.all(
    [...world.realBalancers].map(async ([key, balancer]) => void times.push(...(await timesOf(world, key, balancer, each)))),
  );
  const [p50, p99, most] = [quantile(times, 0.5), quantile(times, 0.99), Math.max(...times)].map((ms) => ms.toFixed(0));
  report.add(`a pod's change until its balancer knows, ${times.length} changes: median, p99, slowest`, `${p50}, ${p99}, ${most} ms`);
  report.promise("a pod's change is known to its balancer within a second (p99)", quantile(times, 0.99) < 1_000);
  for (const [key, balancer] of world.realBalancers) {
    const [sample] = samples(await balancer.metrics(), 'process_resident_memory_bytes');
    report.progress(`balancer of ${key}: ${Math.round((sample?.value ?? 0) / 1e6)} MB`);
  }
}

async function timesOf(world: World, key: string, balancer: Evenkeel, changes: number): Promise<number[]> {
  const servers = world.nodes.pods.byIndex('resource', key).filter((pod) => !isBalancer(pod) && pod.ready);
  await waitFor(`the balancer of ${key} to know its ${servers.length} servers`, async () => (await known(balancer)) === servers.length, {
    timeoutMs: 60_000,
    saw: () => key,
  });
  const times: number[] = [];
  for (let i = 0; i < changes; i++) {
    // Each goes, and comes back.
    const pod = servers[Math.floor(i / 2) % servers.length] as Pod;
    const ready = i % 2 === 1;
    const expected = ready ? servers.length : servers.length - 1;
    const began = performance.now();
    const said = world.nodes.setReady(pod, ready);
    await waitFor(`the balancer of ${key} to know`, async () => (await known(balancer)) === expected, { everyMs: LOOK_MS });
    times.push(performance.now() - began);
    await said;
    await pause(50);
  }
  return times;
}

async function known(balancer: Evenkeel): Promise<number> {
  return samples(await balancer.metrics(), 'evenkeel_endpoints').reduce((sum, { value }) => sum + value, 0);
}
