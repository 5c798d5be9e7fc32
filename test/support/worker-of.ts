import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Which of the processes `pids` of this machine has accepted the IPv4 connection from `clientPort` to `port`; undefined: none of them. */
export function acceptedBy(pids: readonly number[], clientPort: number, port: number): number | undefined {
  const ends = `:${hex(port)} [0-9A-F]+:${hex(clientPort)} `;
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .find((each) => new RegExp(ends).test(each));
  const inode = line?.trim().split(/\s+/)[9];
  return pids.find((pid) => readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`));
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // it was closed meanwhile
  }
}
