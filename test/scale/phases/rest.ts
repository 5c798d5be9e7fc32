import { pause } from '../../e2e/support/wait.ts';
import { counts, listed, since, usage } from '../figures.ts';
import type { Report } from '../report.ts';
import type { World } from '../world.ts';

const LET_SETTLE_MS = 10_000;

/** Nothing changes: what is asked, and what is written. */
export async function rest(world: World, report: Report): Promise<void> {
  const { settings, operator } = world;
  await pause(LET_SETTLE_MS);
  const before = { counts: await counts(), usage: usage(operator.pid) };
  await pause(settings.restSeconds * 1_000);
  const done = since(before.counts, await counts());
  const used = usage(operator.pid);
  const others = new Map([...done.writes].filter(([what]) => !what.endsWith(' leases') && what !== 'PATCH nodes/status'));
  report.add(`at rest, ${settings.restSeconds} s: API requests by account`, listed(done.requests));
  report.add('at rest: writes other than of Leases', others.size === 0 ? 'none' : listed(others));
  report.add('at rest: operator, CPU time', `${(used.cpuSeconds - before.usage.cpuSeconds).toFixed(2)} s`);
  report.add('at rest: operator, resident memory (at most until then)', `${used.residentMb} MB (${used.peakMb} MB)`);
}
