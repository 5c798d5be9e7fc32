import { waitFor } from '../../e2e/support/wait.ts';
import { counts, listed, since, usage } from '../figures.ts';
import type { Report } from '../report.ts';
import type { World } from '../world.ts';

/** From the first apply until every resource is settled. */
export async function rollout(world: World, report: Report): Promise<void> {
  const { settings, operator } = world;
  const empty = usage(operator.pid);
  report.add('operator, no resource: resident memory', `${empty.residentMb} MB`);
  const before = await counts();
  const began = performance.now();
  await Promise.all([world.applyAll(), world.startRealBalancers()]);
  report.progress(`all are applied after ${Math.round((performance.now() - began) / 1000)} s`);
  let told = 0;
  await waitFor(
    'all resources to be settled',
    () => {
      if (performance.now() - told > 10_000) {
        told = performance.now();
        const { cpuSeconds, residentMb } = usage(world.operator.pid);
        const pods = world.nodes.pods.list();
        const ready = pods.filter((pod) => pod.ready).length;
        report.progress(
          `${world.settled()} of ${settings.resources} resources settled, ${ready} of ${pods.length} pods ready, operator ${cpuSeconds.toFixed(1)} s of CPU, ${residentMb} MB`,
        );
      }
      return world.settled() === settings.resources;
    },
    { timeoutMs: 500_000, everyMs: 250 },
  );
  const seconds = (performance.now() - began) / 1000;
  const used = usage(operator.pid);
  const done = since(before, await counts());
  const requests = done.requests.get('evenkeel-operator') ?? 0;
  report.add('from the first apply until all are Ready', `${seconds.toFixed(0)} s`);
  report.add('operator, CPU time for that', `${(used.cpuSeconds - empty.cpuSeconds).toFixed(1)} s`);
  report.add('operator, resident memory then (at most)', `${used.residentMb} MB (${used.peakMb} MB)`);
  const perResource = ((used.residentMb - empty.residentMb) * 1024) / settings.resources;
  report.add('operator, resident memory per resource', `${perResource.toFixed(0)} KB`);
  report.add('operator, API requests for that', `${requests}: ${(requests / settings.resources).toFixed(1)} per resource`);
  report.add('all writes of all until then', listed(done.writes));
}
