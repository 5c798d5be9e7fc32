import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Which of the processes `pids` of this machine has accepted the IPv4 connection from `clientPort` to `port`; undefined: none of them. */
export function acceptedBy(pids: readonly number[], clientPort: number, port: number): number | undefined {
  const inode = entryOf(port, clientPort)[9];
  return pids.find((pid) => readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`));
}

/** Bytes of the IPv4 connection from `clientPort` to `port` that Linux itself holds: the client's, and those that the server has yet to read. */
export function heldBySystem(clientPort: number, port: number): number {
  const [unsent = 0] = queues(clientPort, port);
  const [, unread = 0] = queues(port, clientPort);
  return unsent + unread;
}

function queues(localPort: number, remotePort: number): number[] {
  return (entryOf(localPort, remotePort)[4] ?? '').split(':').map((digits) => Number.parseInt(digits, 16));
}

/** The words of the line in /proc/net/tcp (proc_pid_net(5)) of the end of a connection that has `localPort`; none: it is not there. */
function entryOf(localPort: number, remotePort: number): string[] {
  const ends = new RegExp(`:${hex(localPort)} [0-9A-F]+:${hex(remotePort)} `);
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return (
    lines
      .find((line) => ends.test(line))
      ?.trim()
      .split(/\s+/) ?? []
  );
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
