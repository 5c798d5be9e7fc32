// A balancer in a process of its own, for ChildBalancer: its servers and configuration come as an argument, its ports go to standard output.
import type { BalancerConfig } from '../../src/model/config.ts';
import { startBalancer } from './start-balancer.ts';

const { serverPorts, config, drainDelayMs } = JSON.parse(process.argv[2] ?? '') as {
  serverPorts: number[];
  config: BalancerConfig;
  drainDelayMs: number;
};
const { balancer, port } = await startBalancer(serverPorts, config, { adminPort: 0, drainDelayMs });
process.once('SIGTERM', () => void balancer.drain(20_000).then(() => process.exit(0)));
console.log(JSON.stringify({ port, adminPort: balancer.adminPort }));
