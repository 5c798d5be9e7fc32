import type { FailoverReport } from '../model/report.ts';
import type { Overview, ServerRow } from './overview.ts';
import type { LoadCounts } from './steady-load.ts';
import { counted, readableDuration } from './text.ts';

/** What the tour sees and does. */
export interface DemoStage {
  readonly overview: () => Overview;
  readonly counts: () => LoadCounts;
  /** Tells the onlooker, in whole sentences. */
  readonly say: (text: string) => void;
  /** Shows the table, where it is not there all the time. */
  readonly show: () => void;
  readonly signal: (pid: number, signal: NodeJS.Signals) => void;
  /** Resolves when `seen` gives something; rejects when it has not within the time, saying what was waited for. */
  readonly until: <T>(what: string, seen: () => T | null) => Promise<T>;
}

/** Requests that each server shall have answered before anything is done to it. */
const WARM_UP = 20;
/** Requests that the others answer while one is frozen. */
const WHILE_FROZEN = 150;

/** Three servers at work; one is killed, and comes back. */
export async function tourOfKill(stage: DemoStage): Promise<void> {
  const { overview, say } = stage;
  const { servers, urls } = overview();
  say(
    `${counted(servers.length, 'server')} say hello: ${servers.map(({ address }) => address).join(', ')}. In front of them a balancer listens on ` +
      `${urls.join(', ')} and gives each request to the next one. A client sends it a steady load.`,
  );
  await stage.until('each server to get requests', () => (overview().servers.every(({ requests }) => requests >= WARM_UP) ? true : null));
  const victim = await pick(stage, 1);
  stage.show();
  say(`kill -9 ${victim.pid}: the server on ${victim.address} dies in the middle of its work.`);
  const before = known(overview());
  stage.signal(victim.pid, 'SIGKILL');
  const failover = await newFailover(stage, before, victim.address);
  say(
    `Failover: ${failover.address} was out of service ${readableDuration(failover.detectionMilliseconds)} after its first sign of trouble (${failover.reason}). ` +
      `${why(stage)}: its connections broke, which the balancer saw at once; a GET may be repeated, so what it held went to another server ` +
      `(${failover.rescued} rescued), and new requests go to the two that are left. ${failedSoFar(stage)}`,
  );
  stage.show();
  say('The server is started again in a moment. It gets requests when it has answered two heartbeats in a row.');
  const recovered = await recovery(stage, failover);
  say(`Recovery: ${recovered.address} is back after ${readableDuration(recovered.outMilliseconds ?? 0)}. ${failedSoFar(stage)}`);
  stage.show();
}

/** One server is frozen, which is harder to see than death, and thaws. */
export async function tourOfFreeze(stage: DemoStage): Promise<void> {
  const { overview, say } = stage;
  const victim = await pick(stage, 2);
  say(
    `kill -STOP ${victim.pid}: the server on ${victim.address} is frozen. Its connections stay open and new ones are accepted, ` +
      'but nothing is answered: a plain Service would not notice for half a minute.',
  );
  const before = known(overview());
  stage.signal(victim.pid, 'SIGSTOP');
  const failover = await newFailover(stage, before, victim.address);
  say(
    `Failover: ${failover.address} was out after ${readableDuration(failover.detectionMilliseconds)} (${failover.reason}). ` +
      `${why(stage)}: requests that waited longer than is normal there made the balancer suspicious, so it asked the others as well and checked at once; ` +
      `heartbeats that went unanswered settled it. ${failover.rescued} rescued. ${failedSoFar(stage)}`,
  );
  stage.show();
  const enough = stage.counts().answered + WHILE_FROZEN;
  await stage.until('the others to answer meanwhile', () => (stage.counts().answered >= enough ? true : null));
  stage.signal(victim.pid, 'SIGCONT');
  say(`kill -CONT ${victim.pid}: it thaws.`);
  const recovered = await recovery(stage, failover);
  say(`Recovery: ${recovered.address} is back after ${readableDuration(recovered.outMilliseconds ?? 0)}. ${failedSoFar(stage)}`);
  stage.show();
}

/** `12,001 requests sent, 0 failed; the slowest took 98 ms` */
export function loadSentence({ sent, failed, slowestMs, lastFailure }: LoadCounts): string {
  const why = failed === 0 ? '' : ` (${lastFailure})`;
  return `${counted(sent, 'request')} sent, ${failed} failed${why}; the slowest took ${readableDuration(slowestMs)}`;
}

/** What the onlooker may try, as commands to be typed. */
export function tryOut({ servers, urls }: Overview): string[] {
  const pids = servers.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  const [first, second = first] = pids;
  if (first === undefined) return [`curl -i ${urls[0]}`];
  return [`kill -9 ${first}`, `kill -STOP ${second}`, `kill -CONT ${second}`, `curl -i ${urls[0]}`];
}

type Victim = ServerRow & { readonly pid: number };

/** One of the servers, once all are healthy: on a busy machine they may not have been just now. */
function pick({ overview, until }: DemoStage, index: number): Promise<Victim> {
  return until('all servers to be healthy', () => {
    const { servers } = overview();
    const running = servers.filter((server): server is Victim => server.pid !== null && server.state === 'Healthy');
    return running.length === servers.length ? (running[index] ?? null) : null;
  });
}

function known({ recentFailovers }: Overview): ReadonlySet<string> {
  return new Set(recentFailovers.map(({ id }) => id));
}

/** Not always the newest: the onlooker may have done something to another server meanwhile. */
function newFailover({ overview, until }: DemoStage, before: ReadonlySet<string>, address: string): Promise<FailoverReport> {
  return until(
    `the failover of ${address}`,
    () => overview().recentFailovers.find((each) => each.address === address && !before.has(each.id)) ?? null,
  );
}

function recovery({ overview, until }: DemoStage, { id, address }: FailoverReport): Promise<FailoverReport> {
  return until(
    `the recovery of ${address}`,
    () => overview().recentFailovers.find((each) => each.id === id && each.outMilliseconds !== null) ?? null,
  );
}

function why({ counts }: DemoStage): string {
  return counts().failed === 0 ? 'Why nothing failed' : 'What was done about it';
}

function failedSoFar({ counts }: DemoStage): string {
  const { sent, failed } = counts();
  return `So far ${counted(sent, 'request')}, ${failed} failed.`;
}
