import { client } from './clients.ts';
import { changes } from './phases/changes.ts';
import { nodeDeath } from './phases/node-death.ts';
import { podChanges } from './phases/pod-changes.ts';
import { rest } from './phases/rest.ts';
import { restart } from './phases/restart.ts';
import { rollout } from './phases/rollout.ts';
import { Report } from './report.ts';
import { readSettings } from './settings.ts';
import { World } from './world.ts';

const settings = readSettings();
const report = new Report();
const deadline = setTimeout(() => {
  report.progress(`not done after ${settings.deadlineSeconds} s (DEADLINE_SECONDS), so it is given up`);
  report.print();
  process.exit(1);
}, settings.deadlineSeconds * 1_000);

report.progress(`${settings.resources} resources, ${settings.endpoints} servers, ${settings.balancers} balancers each`);
const world = await World.start(settings);
try {
  const phases = { rollout, rest, changes, podChanges, nodeDeath, restart };
  const wanted = (process.env.PHASES ?? Object.keys(phases).join(' ')).split(' ');
  for (const [name, phase] of Object.entries(phases)) if (wanted.includes(name)) await phase(world, report);
} finally {
  await world.stop();
  clearTimeout(deadline);
  client.close();
}
report.print();
process.exit(report.broken.length === 0 ? 0 : 1);
