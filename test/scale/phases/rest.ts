import { pause } from '../../e2e/support/wait.ts';
import { counts, listed, samples, since, usage } from '../figures.ts';
import type { Report } from '../report.ts';
import type { World } from '../world.ts';

const LET_SETTLE_MS = 10_000;

/** Nothing changes: what is asked, and what is written. */
export async function rest(world: World, report: Report): Promise<void> {
  const { settings, operator } = world;
  await pause(LET_SETTLE_MS);
  const before = { counts: await counts(), usage: usage(operator.pid), asked: await asked(operator) };
  await pause(settings.restSeconds * 1_000);
  const done = since(before.counts, await counts());
  const used = usage(operator.pid);
  const others = new Map([...done.writes].filter(([what]) => !what.endsWith(' leases') && what !== 'PATCH nodes/status'));
  const now = await asked(operator);
  // A holder renews its Lease by PUT, which is used for nothing else; GET is for watches, which the API server ends every few minutes.
  const writes = ['POST', 'PATCH', 'DELETE'].reduce((sum, method) => sum + (now.get(method) ?? 0) - (before.asked.get(method) ?? 0), 0);
  const reports = done.requests.get('reports') ?? 0;
  report.add(`at rest, ${settings.restSeconds} s: API requests by account (leases and watches included)`, listed(done.requests));
  report.add('at rest: operator, requests other than renewals of its Lease and watches', String(writes));
  report.add('at rest: writes other than of Leases', others.size === 0 ? 'none' : listed(others));
  report.add('at rest: operator, CPU time', `${(used.cpuSeconds - before.usage.cpuSeconds).toFixed(2)} s`);
  report.add('at rest: operator, resident memory (at most until then)', `${used.residentMb} MB (${used.peakMb} MB)`);
  report.promise('at rest neither operator nor balancers write anything', writes === 0 && reports === 0);
  report.promise('the operator stays under 400 MB', used.peakMb < 400);
}

/** The operator's API requests so far, by method. */
async function asked(operator: World['operator']): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const { labels, value } of samples(await operator.metrics(), 'rest_client_requests_total')) {
    found.set(labels.method ?? '', (found.get(labels.method ?? '') ?? 0) + value);
  }
  return found;
}
