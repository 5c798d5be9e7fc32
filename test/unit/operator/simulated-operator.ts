import { WorkQueue } from '../../../src/kube/queue.ts';
import { Resources } from '../../../src/kube/resources.ts';
import type { Random } from '../../../src/model/clock.ts';
import { Caches } from '../../../src/operator/caches.ts';
import { ObjectWriter } from '../../../src/operator/object-writer.ts';
import { Reconciler } from '../../../src/operator/reconciler.ts';
import { releaseOf } from '../../../src/operator/rollout.ts';
import { RolloutGate } from '../../../src/operator/rollout-gate.ts';
import { StatusWriter } from '../../../src/operator/status-writer.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import type { FakeTimers } from '../../support/fake-timers.ts';
import type { SimulatedApiServer } from './simulated-cluster.ts';

export interface SimulatedOperator {
  /** In order: what is in hand is finished first. */
  stop(): Promise<void>;
  /** As SIGKILL does it: what is on the way arrives, and nothing follows. */
  kill(): void;
}

/** The operator's own parts, put together as operator.ts does it, without HTTP and without an election. */
export async function startOperator(
  api: SimulatedApiServer,
  timers: FakeTimers,
  random: Random,
  { image, max, workers }: { readonly image: string; readonly max: number; readonly workers: number },
): Promise<SimulatedOperator> {
  let alive = true;
  const client = api.client(() => alive);
  const { now } = timers;
  const wallClock = now;
  const logger = silentLogger;
  let queue: WorkQueue | null = null;
  const objects = new ObjectWriter({ client, logger, now });
  const caches = new Caches({
    client,
    logger,
    timers,
    random,
    wallClock,
    onChange: (key, urgency) => queue?.add(key, urgency),
    onGone: (key, child) => objects.forgetObject(key, child),
  });
  const gate = new RolloutGate({ max, underWay: () => caches.underWay(), wake: (key) => queue?.add(key), now });
  const reconciler = new Reconciler({
    caches,
    find: (name) => client.find(Resources.LoadBalancedService, name),
    objects,
    statuses: new StatusWriter({ client, now, wallClock }),
    events: { record: () => {} },
    balancerImage: image,
    release: releaseOf(image),
    gate,
    egress: () => ({ allowedAddresses: ['10.0.0.0/8'], apiServers: [] }),
    logger,
    wallClock,
    later: (key, ms, urgency) => queue?.addAfter(key, ms, urgency),
  });
  caches.start();
  await caches.synced();
  queue = new WorkQueue({ handler: (key) => reconciler.reconcile(key), workers, timers, random, logger });
  for (const key of caches.resources.keys()) queue.add(key);
  queue.start();
  const end = async (): Promise<void> => {
    await queue?.shutDown();
    alive = false;
    await caches.stop();
  };
  return {
    stop: end,
    kill: () => {
      alive = false;
      void end();
    },
  };
}
