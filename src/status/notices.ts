import type { FailoverChange, Outage } from './failovers.ts';
import type { Condition, Status } from './types.ts';

/** Something that happened, worth an Event on the resource, or a line in a terminal. */
export interface Notice {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  /** One word of CamelCase: what was done about it. */
  readonly action: string;
  readonly note: string;
  /** Of a notice about endpoints on one node: what it adds up with others of that node. */
  readonly toll?: Toll;
}

/** Endpoints of a node, and what became of the requests that they held. */
export interface Toll {
  readonly node: string;
  readonly endpoints: number;
  readonly rescued: number;
  readonly lost: number;
}

/** From this many outages of one node in one step on, they are told as one. */
const FOLD_FROM = 3;
/** Notices of one step. A whole cluster that goes down is told in the status; nobody reads a thousand Events. */
const MAX_NOTICES = 25;

export function notices(previous: Status | undefined, next: Status, failovers: FailoverChange): Notice[] {
  const told = [
    ...fold(failovers.started, failoverNotice, failoversOfNode),
    ...fold(failovers.removed, removalNotice, removalsOfNode),
    ...fold(failovers.recovered, recoveryNotice, recoveriesOfNode),
    ...conditionNotices(previous?.conditions ?? [], next.conditions ?? []),
  ];
  return told.slice(0, MAX_NOTICES);
}

function fold(
  outages: readonly Outage[],
  one: (outage: Outage) => Notice,
  many: (node: string, outages: readonly Outage[]) => Notice,
): Notice[] {
  const nodes = Map.groupBy(outages, (outage) => outage.nodeName ?? '');
  return [...nodes].flatMap(([node, each]) => {
    if (node === '') return each.map(one);
    if (each.length >= FOLD_FROM) return [{ ...many(node, each), toll: tollOf(node, each) }];
    return each.map((outage) => ({ ...one(outage), toll: tollOf(node, [outage]) }));
  });
}

function tollOf(node: string, outages: readonly Outage[]): Toll {
  const sum = (of: (outage: Outage) => number): number => outages.reduce((total, outage) => total + of(outage), 0);
  return { node, endpoints: outages.length, rescued: sum((outage) => outage.rescued), lost: sum((outage) => outage.lost) };
}

const HAPPENED: Readonly<Record<string, string>> = {
  Failover: 'out of service',
  Recovered: 'back in service',
  Removed: 'gone without having recovered',
};

/** What is told of a node when there is too much to tell it of each resource. */
export function tollOfNode(reason: string, { node, endpoints, rescued, lost }: Toll, resources: number): string {
  const what = `${endpoints} more endpoints on node ${node}, of ${resources} LoadBalancedServices, are ${HAPPENED[reason] ?? reason}`;
  return `${what}; of the requests that they held, ${rescued} rescued, ${lost} lost`;
}

function failoverNotice(outage: Outage): Notice {
  const seen = `${outage.reason}, seen after ${Math.round(outage.detectionMilliseconds)} ms`;
  const note = `${where(outage)} is out of service: ${seen}; ${requests([outage])}`;
  return { type: 'Warning', reason: 'Failover', action: 'TakeOut', note };
}

function failoversOfNode(node: string, outages: readonly Outage[]): Notice {
  const slowest = Math.round(Math.max(...outages.map((outage) => outage.detectionMilliseconds)));
  const note = `${outages.length} endpoints on node ${node} are out of service, the last of them seen after ${slowest} ms; ${requests(outages)}`;
  return { type: 'Warning', reason: 'Failover', action: 'TakeOut', note };
}

function recoveryNotice(outage: Outage): Notice {
  const note = `${where(outage)} is back in service after ${outFor(outage)}; ${requests([outage])}`;
  return { type: 'Normal', reason: 'Recovered', action: 'PutBack', note };
}

function recoveriesOfNode(node: string, outages: readonly Outage[]): Notice {
  const note = `${outages.length} endpoints on node ${node} are back in service; ${requests(outages)}`;
  return { type: 'Normal', reason: 'Recovered', action: 'PutBack', note };
}

function removalNotice(outage: Outage): Notice {
  const note = `${where(outage)} has left without having recovered, as a pod does that is no longer ready; ${requests([outage])}`;
  return { type: 'Normal', reason: 'Removed', action: 'Forget', note };
}

function removalsOfNode(node: string, outages: readonly Outage[]): Notice {
  const note = `${outages.length} endpoints on node ${node} have left without having recovered; ${requests(outages)}`;
  return { type: 'Normal', reason: 'Removed', action: 'Forget', note };
}

function where(outage: Outage): string {
  const pod = outage.podName === undefined ? '' : `pod ${outage.podName}`;
  const node = outage.nodeName === undefined ? '' : `node ${outage.nodeName}`;
  const place = [`backend ${outage.backend}`, pod, node].filter((part) => part !== '').join(', ');
  return `${outage.endpoint} (${place})`;
}

function requests(outages: readonly Outage[]): string {
  const sum = (of: (outage: Outage) => number): number => outages.reduce((total, outage) => total + of(outage), 0);
  const holders = outages.length === 1 ? 'it' : 'they';
  return `of the requests that ${holders} held, ${sum((outage) => outage.rescued)} rescued, ${sum((outage) => outage.lost)} lost`;
}

function outFor(outage: Outage): string {
  const seconds = Math.round(((outage.recoveryTimeMs ?? outage.timeMs) - outage.timeMs) / 100) / 10;
  return `${seconds} s`;
}

const TOLD: readonly { type: string; status: Condition['status']; notice: Omit<Notice, 'note'> }[] = [
  { type: 'FailOpen', status: 'True', notice: { type: 'Warning', reason: 'FailOpen', action: 'TryAll' } },
  { type: 'FailOpen', status: 'False', notice: { type: 'Normal', reason: 'FailOpenEnded', action: 'TryHealthy' } },
  { type: 'Stalled', status: 'True', notice: { type: 'Warning', reason: 'Stalled', action: 'Reconcile' } },
  { type: 'Stalled', status: 'False', notice: { type: 'Normal', reason: 'StallEnded', action: 'Reconcile' } },
];

/** A condition's first False is no news: nothing had been wrong before. */
function conditionNotices(previous: readonly Condition[], next: readonly Condition[]): Notice[] {
  return TOLD.flatMap(({ type, status, notice }) => {
    const [before, after] = [previous, next].map((conditions) => conditions.find((condition) => condition.type === type));
    const news = after?.status === status && before?.status !== status && (status === 'True' || before?.status === 'True');
    if (!news) return [];
    return [{ ...notice, note: after.message }];
  });
}
