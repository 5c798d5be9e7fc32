/**
 * Cost of the data plane: CPU microseconds (user and system, of the proxy and its children) per request, round robin over three
 * servers. The proxy is pinned to core 0, the load (wrk, or h2load for HTTP/2) and the servers (nginx) to core 1. All proxies run in turn, ROUNDS times;
 * a ratio is the median of the rounds' own ratios to the first proxy, since a machine's speed drifts.
 *
 * Environment: PROXIES (default: haproxy nginx envoy goproxy evenkeel), WORK (default: all), ROUNDS (5), SECONDS (4).
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicroseconds, listening, residentMegabytes, start } from './lib/processes.ts';
import { BENCH, chosen, type ProxyCommand, proxiesNamed, TOOLS } from './lib/proxies.ts';

interface Work {
  readonly name: string;
  readonly title: string;
  readonly connections: number;
  readonly path: string;
  /** A wrk script, where the requests are not plain GETs. */
  readonly script?: string;
  /** Over HTTPS, by the proxies that have a certificate for it. */
  readonly secure?: true;
  /** Over HTTP/2 in clear text, by prior knowledge, with that many streams on each connection. */
  readonly streams?: number;
}

const WORKS: readonly Work[] = [
  { name: 'small', title: '14-byte reply, 64 connections', connections: 64, path: '/' },
  { name: 'large', title: '64 KiB reply, 64 connections', connections: 64, path: '/64k' },
  { name: 'many', title: '14-byte reply, 1,000 connections', connections: 1000, path: '/' },
  {
    name: 'connect',
    title: 'new connection for each request, 64 at a time',
    connections: 64,
    path: '/',
    script: 'wrk.headers["Connection"] = "close"',
  },
  {
    name: 'post',
    title: '64 KiB request body (POST), 64 connections',
    connections: 64,
    path: '/',
    script: 'wrk.method = "POST"; wrk.body = string.rep("x", 65536)',
  },
  { name: 'https', title: 'HTTPS, 14-byte reply, 64 connections', connections: 64, path: '/', secure: true },
  { name: 'https-large', title: 'HTTPS, 64 KiB reply, 64 connections', connections: 64, path: '/64k', secure: true },
  {
    name: 'https-connect',
    title: 'HTTPS, new connection for each request, 64 at a time',
    connections: 64,
    path: '/',
    secure: true,
    script: 'wrk.headers["Connection"] = "close"',
  },
  { name: 'h2', title: 'HTTP/2, 14-byte reply, 4 connections of 25 streams', connections: 4, streams: 25, path: '/' },
  { name: 'h2large', title: 'HTTP/2, 64 KiB reply, 4 connections of 25 streams', connections: 4, streams: 25, path: '/64k' },
];

interface Sample {
  readonly cpu: number;
  readonly rate: number;
  readonly p99: string;
  readonly idleMb: number;
  readonly mb: number;
  readonly bad: number;
}

/** Speak no HTTP/2 in clear text beside HTTP/1.1 on one port. */
const WITHOUT_HTTP2 = ['nginx', 'goproxy'];

interface Load {
  readonly requests: number;
  readonly p99: string;
  readonly bad: number;
}

function load(work: Work, seconds: number): Promise<Load> {
  return work.streams === undefined ? wrk(work, seconds) : h2load(work, work.streams, seconds);
}

async function h2load(work: Work, streams: number, seconds: number): Promise<Load> {
  const flags = ['-t1', `-c${work.connections}`, `-m${streams}`, `-D${seconds}`];
  const out = await start(['h2load', ...flags, `http://127.0.0.1:8000${work.path}`], { cpu: 1 }).output();
  const counts = /(\d+) done, \d+ succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(out)?.slice(1).map(Number) ?? [];
  const [requests = 0, ...bad] = counts;
  // A status counts when it has come, a request when its answer has: those under way at the end are among the former only.
  const refused = /status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(out)?.slice(1).map(Number) ?? [requests];
  return { requests, p99: '', bad: [...bad, ...refused].reduce((sum, count) => sum + count, 0) };
}

const portOf = ({ secure }: Work) => (secure ? 8443 : 8000);

const originOf = (work: Work) => `${work.secure ? 'https' : 'http'}://127.0.0.1:${portOf(work)}`;

function proxiesFor({ secure, streams }: Work): ProxyCommand[] {
  if (secure) return proxiesNamed('haproxy-tls evenkeel-tls');
  return chosen('haproxy nginx envoy goproxy evenkeel').filter(({ name }) => streams === undefined || !WITHOUT_HTTP2.includes(name));
}

async function wrk(work: Work, seconds: number): Promise<Load> {
  const script = join(TOOLS, `${work.name}.lua`);
  if (work.script) writeFileSync(script, `${work.script}\n`);
  const flags = ['-t1', `-c${work.connections}`, `-d${seconds}s`, '--latency', ...(work.script ? ['-s', script] : [])];
  const out = await start(['wrk', ...flags, `${originOf(work)}${work.path}`], { cpu: 1 }).output();
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(out)?.[1] ?? 0);
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(out)?.slice(1).map(Number) ?? [];
  return {
    requests: Number(/(\d+) requests in/.exec(out)?.[1] ?? 0),
    p99: /99%\s+(\S+)/.exec(out)?.[1] ?? '',
    bad: broken.reduce((sum, count) => sum + count, refused),
  };
}

async function measure(proxy: ProxyCommand, work: Work, seconds: number): Promise<Sample> {
  const running = start(proxy.command, { cpu: 0, log: join(TOOLS, `${proxy.name}.log`), ...(proxy.env ? { env: proxy.env } : {}) });
  try {
    await listening(portOf(work));
    await sleep(1500); // first heartbeats, so that every proxy has all three servers
    const idleMb = residentMegabytes(running.pid);
    await load(work, 3);
    const before = cpuMicroseconds(running.pid);
    const { requests, p99, bad } = await load(work, seconds);
    const spent = cpuMicroseconds(running.pid) - before;
    if (requests === 0) throw new Error(`${proxy.name} answered nothing`);
    return {
      cpu: spent / requests,
      rate: requests / seconds,
      p99,
      idleMb,
      mb: residentMegabytes(running.pid),
      bad,
    };
  } finally {
    await running.end();
  }
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function table(work: Work, proxies: readonly ProxyCommand[], rounds: number, seconds: number): Promise<void> {
  const samples = new Map<string, Sample[]>(proxies.map((proxy) => [proxy.name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const proxy of proxies) {
      process.stderr.write(`bench: ${work.name}, round ${round + 1} of ${rounds}, ${proxy.name}\n`);
      samples.get(proxy.name)!.push(await measure(proxy, work, seconds));
    }
  }
  const base = samples.get(proxies[0]!.name)!;
  console.log(`\n### ${work.title}\n`);
  console.log(`| proxy | CPU us/request, median (range) | ratio to ${proxies[0]!.name} | requests/s | p99 | MB idle | MB after | failed |`);
  console.log('|---|---|---|---|---|---|---|---|');
  for (const [name, list] of samples) {
    const cpus = list.map((sample) => sample.cpu);
    const ratio = median(list.map((sample, i) => sample.cpu / base[i]!.cpu));
    const rate = median(list.map((sample) => sample.rate));
    const last = list.at(-1)!;
    const range = `${Math.min(...cpus).toFixed(1)}-${Math.max(...cpus).toFixed(1)}`;
    const failed = list.reduce((sum, sample) => sum + sample.bad, 0);
    console.log(
      `| ${name} | ${median(cpus).toFixed(1)} (${range}) | ${ratio.toFixed(2)} | ${rate.toFixed(0)} | ${last.p99} | ${last.idleMb.toFixed(0)} | ${last.mb.toFixed(0)} | ${failed} |`,
    );
  }
}

const wanted = process.env['WORK']?.split(/\s+/).filter(Boolean);
const servers = start(['nginx', '-p', TOOLS, '-c', join(BENCH, 'peers', 'backend-nginx.conf')], { cpu: 1 });
try {
  await listening(9001);
  for (const work of WORKS.filter((each) => !wanted || wanted.includes(each.name))) {
    await table(work, proxiesFor(work), Number(process.env['ROUNDS'] ?? 5), Number(process.env['SECONDS'] ?? 4));
  }
} finally {
  await servers.end();
}
