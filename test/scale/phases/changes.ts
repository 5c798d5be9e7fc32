import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { waitFor } from '../../e2e/support/wait.ts';
import { counts, listed, quantile, since } from '../figures.ts';
import type { Report } from '../report.ts';
import { isSettled, namesOf, type World } from '../world.ts';

const CHANGES = 20;

/** Some resources are changed, one after the other. */
export async function changes(world: World, report: Report): Promise<void> {
  await change(world, report, 'a setting of the balancer (strategy)', ({ spec }) => ({ ...spec, strategy: { type: 'Random' } }));
  await change(world, report, 'one server more', ({ spec }) => ({
    ...spec,
    strategy: { type: 'Random' },
    backends: spec.backends.map((backend) => ({
      ...backend,
      ...(backend.deployment ? { deployment: { ...backend.deployment, replicas: (backend.deployment.replicas ?? 0) + 1 } } : {}),
    })),
  }));
}

async function change(
  world: World,
  report: Report,
  what: string,
  changed: (resource: LoadBalancedService) => LoadBalancedService['spec'],
): Promise<void> {
  const targets = [...namesOf(world.settings).entries()].slice(world.real.length, world.real.length + CHANGES);
  const before = await counts();
  const times: number[] = [];
  for (const [index, key] of targets) {
    const resource = world.resource(key, index);
    const began = performance.now();
    const { metadata } = await world.apply({ ...resource, spec: changed(resource) });
    await waitFor(
      `${key} to be settled`,
      () => {
        const now = world.resources.get(key);
        return now !== undefined && (now.metadata.generation ?? 0) >= (metadata.generation ?? 0) && isSettled(now);
      },
      { everyMs: 5 },
    );
    times.push(performance.now() - began);
  }
  // What follows a change within the operator's own second between two status writes belongs to it.
  await waitFor('the rest of it', async () => true, { everyMs: 2_000 });
  const done = since(before, await counts());
  const requests = done.requests.get('evenkeel-operator') ?? 0;
  report.add(`change of ${what}: operator's API requests per change`, (requests / targets.length).toFixed(1));
  report.add(
    `change of ${what}: until all is settled, median and p99`,
    `${quantile(times, 0.5).toFixed(0)} and ${quantile(times, 0.99).toFixed(0)} ms`,
  );
  report.add(`change of ${what}: all writes of all`, listed(done.writes));
}
