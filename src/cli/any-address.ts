import { listenObstacle } from '../local/free-ports.ts';

/** All addresses of this machine: `::`, which takes IPv4 too, or `0.0.0.0` where there is no IPv6. */
export async function anyAddress(): Promise<string> {
  return (await listenObstacle(0, '::')) === null ? '::' : '0.0.0.0';
}
