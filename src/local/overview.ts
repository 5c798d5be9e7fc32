import type { ScheduleConfig, StrategyType } from '../model/config.ts';
import type { HealthReason, HealthState } from '../model/health.ts';
import type { FailoverReport, HeartbeatReport } from '../model/report.ts';
import { type Column, table } from './table.ts';
import { type Colour, counted, type Paint, readableCount, readableDuration, wrap } from './text.ts';

/** One server, as the table shows it. */
export interface ServerRow {
  readonly address: string;
  readonly backend: string;
  /** Its weight, where the strategy minds it. */
  readonly weight: number | null;
  /** Name of the local process; empty: it is none of ours. */
  readonly process: string;
  /** Null: none of ours, or between two runs. */
  readonly pid: number | null;
  readonly state: HealthState | 'Draining' | 'Starting';
  readonly reason: HealthReason | null;
  readonly sinceMs: number;
  readonly requests: number;
  /** Round trip of the last heartbeat that was answered; null: none was. */
  readonly heartbeatMs: number | null;
}

/** One resource and its balancer at one moment. */
export interface Overview {
  readonly name: string;
  /** Where clients reach it, such as `http://127.0.0.1:8080`. */
  readonly urls: readonly string[];
  readonly strategy: StrategyType;
  readonly schedule: ScheduleConfig['type'];
  readonly heartbeat: HeartbeatReport;
  /** Names of listeners that try all servers, since none is left. */
  readonly failOpen: readonly string[];
  readonly failovers: number;
  /** Newest first. */
  readonly recentFailovers: readonly FailoverReport[];
  readonly servers: readonly ServerRow[];
}

const SHOWN_SERVERS = 40;

const COLOURS: Readonly<Record<ServerRow['state'], Colour>> = {
  Healthy: 'green',
  Suspect: 'yellow',
  Unhealthy: 'red',
  Draining: 'dim',
  Starting: 'dim',
};

const COLUMNS: readonly Column<ServerRow>[] = [
  { title: 'SERVER', text: (row) => row.address, flexible: true },
  { title: 'BACKEND', text: (row) => row.backend, flexible: true },
  { title: 'WEIGHT', text: (row) => (row.weight === null ? '' : String(row.weight)), align: 'right', optional: true },
  { title: 'STATE', text: (row) => row.state, colour: (row) => COLOURS[row.state] },
  { title: 'SINCE', text: (row) => readableDuration(row.sinceMs), align: 'right' },
  { title: 'REQUESTS', text: (row) => readableCount(row.requests), align: 'right' },
  { title: 'HEARTBEAT', text: (row) => (row.heartbeatMs === null ? '-' : readableDuration(row.heartbeatMs)), align: 'right' },
  { title: 'PID', text: processText, align: 'right', optional: true },
];

/** The lines of one resource's live table, at most `width` characters each. */
export function renderOverview(overview: Overview, width: number, paint: Paint): string[] {
  const backends = new Set(overview.servers.map(({ backend }) => backend));
  const columns = COLUMNS.filter(({ title }) => title !== 'BACKEND' || backends.size > 1);
  const omitted = overview.servers.length - SHOWN_SERVERS;
  return [
    ...wrap(`${overview.name}: ${overview.urls.join(', ')}, ${overview.strategy}`, width, '  ').map((line) => paint(line, 'bold')),
    ...wrap(heartbeatSentence(overview.heartbeat, overview.schedule), width, '  '),
    ...wrap(failoverSentence(overview), width, '  '),
    ...overview.failOpen.map((port) => paint(`Nobody is left for port ${port}: every server is tried (fail-open).`, 'red')),
    '',
    ...table(columns, overview.servers.slice(0, SHOWN_SERVERS), width, paint),
    ...(omitted > 0 ? [paint(`and ${counted(omitted, 'more server')}`, 'dim')] : []),
  ];
}

/** `T = N / R: T = 200 ms, N = 3 servers, R = 15 heartbeats/s (Fixed); ...` */
export function heartbeatSentence(heartbeat: HeartbeatReport, schedule: ScheduleConfig['type']): string {
  const { servers, responsesPerSecond, intervalMilliseconds, maxDetectionMilliseconds, overMaxInterval } = heartbeat;
  if (servers === 0) return `T = N / R: no server to check yet (${schedule})`;
  const rate = responsesPerSecond >= 100 ? responsesPerSecond.toFixed(0) : responsesPerSecond.toFixed(1).replace(/\.0$/, '');
  const caveat = overMaxInterval ? ', over maxInterval' : '';
  return (
    `T = N / R: T = ${readableDuration(intervalMilliseconds)}, N = ${counted(servers, 'server')}, R = ${rate} heartbeats/s ` +
    `(${schedule}${caveat}); an idle server's freeze is seen within ${readableDuration(maxDetectionMilliseconds)}`
  );
}

function failoverSentence({ failovers, recentFailovers }: Overview): string {
  const [last] = recentFailovers;
  if (last === undefined) return 'Failovers: 0';
  const still = last.removed ? 'gone since' : 'still out';
  const out = last.outMilliseconds === null ? still : `back after ${readableDuration(last.outMilliseconds)}`;
  return (
    `Failovers: ${readableCount(failovers)}, the last ${readableDuration(last.agoMilliseconds)} ago: ${last.address}, ${last.reason}, ` +
    `seen after ${readableDuration(last.detectionMilliseconds)}, ${last.rescued} rescued, ${last.lost} lost, ${out}`
  );
}

function processText({ process, pid }: ServerRow): string {
  if (pid !== null) return String(pid);
  return process === '' ? '' : 'down';
}
