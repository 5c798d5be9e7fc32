/**
 * Resident memory of each proxy and its children, in MB: idle, with CONNECTIONS (10,000) kept-alive connections that have each had one answer
 * and ask for nothing, and while one client reads a response of 1 GiB at a hundredth of the speed at which it comes.
 *
 * Environment: PROXIES (default: haproxy envoy goproxy evenkeel), CONNECTIONS.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listening, residentMegabytes, start } from './lib/processes.ts';
import { BENCH, chosen, type ProxyCommand, TOOLS } from './lib/proxies.ts';

const CONNECTIONS = Number(process.env['CONNECTIONS'] ?? 10_000);
/** What a machine's limit of open files, and one address's ports, must not decide. */
const AT_A_TIME = 200;
const CLIENT_ADDRESSES = 10;
/** Heartbeats have gone round, start-up garbage is gone; afterwards: longer than any proxy keeps its own idle connections to the servers warm. */
const SETTLE_MS = 6_000;
const READING_MS = 20_000;
const READ_EVERY_MS = 200;
const LOOK_MS = 250;

interface Memory {
  readonly idle: number;
  readonly connections: number;
  readonly peak: number;
  readonly reader: number;
  readonly readerBytes: number;
}

async function measure(proxy: ProxyCommand): Promise<Memory> {
  const running = start(proxy.command, { log: join(TOOLS, `${proxy.name}.log`), ...(proxy.env ? { env: proxy.env } : {}) });
  try {
    await listening(8000);
    await sleep(SETTLE_MS);
    const idle = residentMegabytes(running.pid);
    const reader = await slowReader(() => residentMegabytes(running.pid) - idle);
    await sleep(SETTLE_MS);
    const sockets: Socket[] = [];
    let peak = 0;
    while (sockets.length < CONNECTIONS) {
      const some = Math.min(AT_A_TIME, CONNECTIONS - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: some }, (_, each) => keptAlive(each % CLIENT_ADDRESSES)))));
      peak = Math.max(peak, residentMegabytes(running.pid));
    }
    await sleep(SETTLE_MS);
    const open = sockets.filter((socket) => !socket.destroyed).length;
    if (open < CONNECTIONS) throw new Error(`${proxy.name} closed ${CONNECTIONS - open} of ${CONNECTIONS} idle connections`);
    const connections = residentMegabytes(running.pid);
    for (const socket of sockets) socket.destroy();
    return { idle, connections, peak, reader: reader.most, readerBytes: reader.bytes };
  } finally {
    await running.end();
  }
}

/** A connection that has had one answer. */
async function keptAlive(address: number): Promise<Socket> {
  const socket = connect({ port: 8000, host: '127.0.0.1', localAddress: `127.0.0.${address + 2}` });
  socket.write('GET / HTTP/1.1\r\nHost: bench\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (!answer.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(`an answer begins with ${answer.toString('latin1', 0, 40)}`);
  socket.on('error', () => {});
  return socket;
}

/** The most that `look` tells while a client takes one buffer of a response of 1 GiB now and then. */
async function slowReader(look: () => number): Promise<{ most: number; bytes: number }> {
  const socket = connect({ port: 8000, host: '127.0.0.1' });
  socket.write('GET /1g HTTP/1.1\r\nHost: bench\r\n\r\n');
  let most = 0;
  socket.on('data', () => socket.pause());
  const reading = setInterval(() => socket.resume(), READ_EVERY_MS);
  for (const end = Date.now() + READING_MS; Date.now() < end; await sleep(LOOK_MS)) most = Math.max(most, look());
  clearInterval(reading);
  const { bytesRead, destroyed } = socket;
  if (destroyed || bytesRead < 1_000_000) throw new Error(`the slow reader got ${bytesRead} bytes, and then an end`);
  socket.destroy();
  return { most, bytes: bytesRead };
}

console.log(`\n### Resident memory, MB\n`);
console.log(
  `| proxy | idle | ${CONNECTIONS} idle connections | most on the way there | 1 GiB, read slowly, adds at most | (MB read of it) |`,
);
console.log('|---|---|---|---|---|---|');
const servers = start(['nginx', '-p', TOOLS, '-c', join(BENCH, 'peers', 'backend-nginx.conf')]);
try {
  await listening(9001);
  for (const proxy of chosen('haproxy envoy goproxy evenkeel')) {
    const { idle, connections, peak, reader, readerBytes } = await measure(proxy);
    const read = (readerBytes / 2 ** 20).toFixed(0);
    console.log(`| ${proxy.name} | ${idle.toFixed(0)} | ${connections.toFixed(0)} | ${peak.toFixed(0)} | ${reader.toFixed(1)} | ${read} |`);
  }
} finally {
  await servers.end();
}
