import { readFileSync } from 'node:fs';
import { client } from './clients.ts';

const ETCD = 'http://127.0.0.1:2379/metrics';

/** What the API server and etcd have counted since they started. */
export interface Counts {
  /** By service account: all its requests, watches included. */
  readonly requests: ReadonlyMap<string, number>;
  /** Writes that the API server has answered, by `VERB resource[/subresource]`. */
  readonly writes: ReadonlyMap<string, number>;
  /** Keys written to etcd, and deleted there. */
  readonly puts: number;
  readonly deletes: number;
  /** Bytes of what was put: keys and values. */
  readonly putBytes: number;
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const WRITING = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION']);

export async function counts(): Promise<Counts> {
  const [api, etcd] = await Promise.all([rawApiMetrics(), fetch(ETCD).then((answer) => answer.text())]);
  const requests = new Map<string, number>();
  for (const { labels, value } of samples(api, 'apiserver_flowcontrol_dispatched_requests_total')) {
    const schema = labels.flow_schema ?? '';
    if (schema.startsWith('scale-')) requests.set(schema.slice(6), (requests.get(schema.slice(6)) ?? 0) + value);
  }
  const writes = new Map<string, number>();
  for (const { labels, value } of samples(api, 'apiserver_request_total')) {
    const { verb = '', group = '', resource = '', subresource = '', code = '', dry_run: dryRun = '' } = labels;
    if (!WRITING.has(verb) || !code.startsWith('2') || dryRun !== '') continue;
    // Kubernetes' own controllers write Events of the core group.
    const name = resource === 'events' && group !== '' ? `${resource}.${group}` : resource;
    const what = `${verb} ${name}${subresource === '' ? '' : `/${subresource}`}`;
    writes.set(what, (writes.get(what) ?? 0) + value);
  }
  const one = (name: string): number => samples(etcd, name).reduce((sum, { value }) => sum + value, 0);
  return {
    requests,
    writes,
    puts: one('etcd_mvcc_put_total'),
    deletes: one('etcd_mvcc_delete_total'),
    putBytes: one('etcd_debugging_mvcc_total_put_size_in_bytes'),
  };
}

export function since(before: Counts, after: Counts): Counts {
  const minus = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>) =>
    new Map([...a].map(([key, value]): [string, number] => [key, value - (b.get(key) ?? 0)]).filter(([, value]) => value !== 0));
  return {
    requests: minus(after.requests, before.requests),
    writes: minus(after.writes, before.writes),
    puts: after.puts - before.puts,
    deletes: after.deletes - before.deletes,
    putBytes: after.putBytes - before.putBytes,
  };
}

/** The largest first. */
export function listed(map: ReadonlyMap<string, number>): string {
  return [...map]
    .toSorted(([, a], [, b]) => b - a)
    .map(([key, value]) => `${value} ${key}`)
    .join(', ');
}

async function rawApiMetrics(): Promise<string> {
  const login = await client.credentials.current();
  const { request } = await import('node:https');
  return new Promise((resolve, reject) => {
    const { server } = client.credentials;
    request({ host: server.hostname, port: server.port, path: '/metrics', headers: login.headers, ...login.tls }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString()));
      response.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

/** Of one metric in the Prometheus text format. */
export function samples(text: string, name: string): Sample[] {
  const found: Sample[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith(name)) continue;
    const match = /^([a-zA-Z_:]+)(?:\{(.*)\})? ([^ ]+)$/.exec(line);
    if (match?.[1] !== name) continue;
    const labels = Object.fromEntries(
      [...(match[2] ?? '').matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
    );
    found.push({ labels, value: Number(match[3]) });
  }
  return found;
}

/** Seconds of CPU time (user, system), and megabytes resident now and at most, of a process of this machine. */
export function usage(pid: number): { readonly cpuSeconds: number; readonly residentMb: number; readonly peakMb: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  const TICKS_PER_SECOND = 100;
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    residentMb: Math.round(kilobytes('VmRSS') / 1024),
    peakMb: Math.round(kilobytes('VmHWM') / 1024),
  };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
