import { homedir } from 'node:os';
import { join } from 'node:path';

export const BENCH = join(import.meta.dirname, '..');
const ROOT = join(BENCH, '..');
/** What `bench/setup` built and fetched. */
export const TOOLS =
  process.env['EVENKEEL_BENCH_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'evenkeel', 'bench');

/** The certificate and key of those that speak HTTPS. */
const TLS = join(TOOLS, 'tls');

/** Each listens on 127.0.0.1:8000 (with -tls: 8443) over 127.0.0.1:9001 to 9003 with one thread, checks /healthz every 200 ms, 2 down, 2 up. */
export interface ProxyCommand {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Record<string, string>;
}

const peer = (file: string) => join(BENCH, 'peers', file);

export const PROXIES: readonly ProxyCommand[] = [
  { name: 'haproxy', command: ['haproxy', '-f', peer('haproxy.cfg')] },
  { name: 'haproxy-safe', command: ['haproxy', '-f', peer('haproxy-safe.cfg')] },
  { name: 'nginx', command: ['nginx', '-p', TOOLS, '-c', peer('nginx.conf')] },
  { name: 'nginx-safe', command: ['nginx', '-p', TOOLS, '-c', peer('nginx-safe.conf')] },
  { name: 'envoy', command: [join(TOOLS, 'envoy'), '-c', peer('envoy.yaml'), '--concurrency', '1', '-l', 'off'] },
  { name: 'envoy-pertry', command: [join(TOOLS, 'envoy'), '-c', peer('envoy-pertry.yaml'), '--concurrency', '1', '-l', 'off'] },
  { name: 'goproxy', command: [join(TOOLS, 'goproxy')], env: { GOMAXPROCS: '1' } },
  { name: 'evenkeel', command: [join(ROOT, 'bin', 'evenkeel'), 'run', join(BENCH, 'lbs.yaml'), '-o', 'json'] },
  { name: 'haproxy-tls', command: ['haproxy', '-f', peer('haproxy.cfg'), '-f', peer('haproxy-tls.cfg')], env: { BENCH_TLS: TLS } },
  {
    name: 'evenkeel-tls',
    command: [join(ROOT, 'bin', 'evenkeel'), 'run', join(BENCH, 'lbs-tls.yaml'), '--secret', `bench-tls=${TLS}`, '-o', 'json'],
  },
  { name: 'evenkeel-workers', command: [join(ROOT, 'bin', 'evenkeel'), 'run', join(BENCH, 'lbs-workers.yaml'), '-o', 'json'] },
  // What the log costs, without who reads it.
  {
    name: 'evenkeel-log',
    command: ['sh', '-c', `exec ${join(ROOT, 'bin', 'evenkeel')} run ${join(BENCH, 'lbs-log.yaml')} -o json >/dev/null 2>&1`],
  },
];

/** The proxies named in the environment variable PROXIES (separated by blanks), or the given ones. */
export function chosen(byDefault: string): ProxyCommand[] {
  return proxiesNamed(process.env['PROXIES'] ?? byDefault);
}

export function proxiesNamed(names: string): ProxyCommand[] {
  return names.split(/\s+/).filter(Boolean).map(byName);
}

function byName(name: string): ProxyCommand {
  const found = PROXIES.find((proxy) => proxy.name === name);
  if (!found) throw new Error(`no proxy is called ${name}; there are ${PROXIES.map((proxy) => proxy.name).join(', ')}`);
  return found;
}
