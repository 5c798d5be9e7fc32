/**
 * CPU milliseconds that one balancer spends, its event loop standing still, when one EndpointSlice of many changes, when it makes a report, and
 * when its metrics are rendered: `node bench/endpoints.ts [endpoints]`. CPU time, not the clock's, so that a busy machine says nearly the same.
 */
import { EndpointResolver, type EndpointSlice, SERVICE_NAME_LABEL } from '../src/kube/endpoint-slices.ts';
import { backendConfig, balancerConfig, startBalancer } from '../test/support/start-balancer.ts';

const [endpoints = 5_000] = process.argv.slice(2).map(Number);
const PER_SLICE = 100;
const ROUNDS = 40;

const config = balancerConfig({
  backends: [
    backendConfig({ source: { type: 'EndpointSlices', service: 'shop', serverWeight: 1, ports: [{ listener: 'http', port: 'http' }] } }),
  ],
  heartbeat: { schedule: { type: 'Budget', checksPerSecond: 1, minIntervalMs: 50, maxIntervalMs: 3_600_000 } },
});

function sliceFrom(from: number, firstIsReady = true): EndpointSlice {
  return {
    metadata: { name: `s-${from}`, labels: { [SERVICE_NAME_LABEL]: 'shop' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 9 }],
    endpoints: Array.from({ length: PER_SLICE }, (_, i) => ({
      addresses: [`127.1.${(from + i) >> 8}.${(from + i) & 255}`],
      conditions: { ready: i > 0 || firstIsReady },
      nodeName: 'n',
      targetRef: { kind: 'Pod', name: `shop-${from + i}` },
    })),
  };
}

function measure(what: string, work: (round: number) => void): void {
  for (let round = 0; round < 6; round++) work(round);
  const before = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) work(round);
  const { user, system } = process.cpuUsage(before);
  console.log(`${what}: ${((user + system) / ROUNDS / 1_000).toFixed(2)} ms`);
}

const { balancer } = await startBalancer([], config);
const resolver = new EndpointResolver();
const others = Array.from({ length: endpoints / PER_SLICE - 1 }, (_, i) => sliceFrom((i + 1) * PER_SLICE));
const change = (round: number): void => {
  const slices = [sliceFrom(0, round % 2 === 1), ...others];
  const resolved = resolver.resolve(config.backends, () => slices);
  balancer.applyEndpoints(resolved, false);
};

console.log(`${endpoints} endpoints, CPU time of`);
measure('a change of one EndpointSlice', change);
measure('a report', () => void balancer.report());
measure('rendering the metrics', () => void balancer.metrics());
process.exit(0);
