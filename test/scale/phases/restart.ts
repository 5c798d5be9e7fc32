import { waitFor } from '../../e2e/support/wait.ts';
import { counts, listed, samples, since, usage } from '../figures.ts';
import type { Report } from '../report.ts';
import type { World } from '../world.ts';

/** A new operator finds everything as it should be. */
export async function restart(world: World, report: Report): Promise<void> {
  const { resources } = world.settings;
  const before = await counts();
  await world.operator.stop();
  const began = performance.now();
  await world.restartOperator();
  const filled = performance.now() - began;
  const idle = async (): Promise<boolean> => {
    const metrics = await world.operator.metrics();
    const [depth] = samples(metrics, 'workqueue_depth');
    const done = samples(metrics, 'controller_runtime_reconcile_total').reduce((sum, { value }) => sum + value, 0);
    return depth?.value === 0 && done >= resources;
  };
  await waitFor('the operator to have looked at everything', idle, { timeoutMs: 240_000, everyMs: 250 });
  const done = since(before, await counts());
  const used = usage(world.operator.pid);
  report.add(
    'operator restarted: until its caches are filled, until all is looked at',
    `${(filled / 1000).toFixed(1)} s, ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );
  report.add(
    'operator restarted: CPU time, resident memory (at most)',
    `${used.cpuSeconds.toFixed(1)} s, ${used.residentMb} MB (${used.peakMb} MB)`,
  );
  report.promise('the operator stays under 400 MB when it starts with all of them', used.peakMb < 400);
  report.add('operator restarted: API requests', `${done.requests.get('evenkeel-operator') ?? 0}`);
  report.add('operator restarted: all writes that were answered', listed(done.writes));
}
