/**
 * Whatever a client sends, a server behind the balancer sees the requests that the balancer understood, and no other: Node's own strict
 * parser, as the server, never finds anything wrong with what it gets. FUZZ_SECONDS makes it longer, FUZZ_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { RequestHeadReader } from '../../../src/http1/head-reader.ts';
import { DEFAULT_HEAD_LIMITS, type RequestHead } from '../../../src/http1/types.ts';
import { balancerConfig, startBalancer } from '../../support/start-balancer.ts';
import { requestStream } from '../../unit/http1/grammar.ts';
import { readMessages } from '../../unit/http1/reading.ts';

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const MILLISECONDS = Number(process.env.FUZZ_SECONDS ?? 5) * 1000;

/** Node refuses methods that it does not know, and rightly so. */
function isUnknownMethod(received: Buffer | undefined): boolean {
  const method = /^(\S+) \S+ HTTP\/1\.1\r\nHost: /.exec(received?.toString('latin1') ?? '')?.[1];
  return method !== undefined && !http.METHODS.includes(method);
}

test('no bytes make the balancer and a server see different requests', async () => {
  let seen: string[] = [];
  let complaints: string[] = [];
  await using server = http.createServer({ insecureHTTPParser: false }, (request, response) => {
    const body: Buffer[] = [];
    request.on('data', (chunk: Buffer) => body.push(chunk));
    request.on('error', () => {});
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${Buffer.concat(body).toString('latin1')}`);
      response.end('seen');
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket) => {
    // A request that the client broke off breaks off here too: that is right.
    const brokenOff = error.code === 'HPE_INVALID_EOF_STATE';
    if (error.code?.startsWith('HPE_') && !brokenOff && !isUnknownMethod(error.rawPacket)) complaints.push(error.code);
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  await using started = await startBalancer([port], balancerConfig({ failover: { retryMethods: 'None' } }));

  let forwarded = 0;
  const property = fc.asyncProperty(requestStream, async (bytes) => {
    const understood = readMessages<RequestHead>([bytes], new RequestHeadReader(DEFAULT_HEAD_LIMITS), 'request').messages;
    seen = [];
    complaints = [];
    const socket = net.connect(started.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.end(bytes);
    await once(socket, 'close');
    // A refused upgrade ends a connection, with all that came behind it.
    const upgrade = understood.findIndex(({ head }) => head.upgrade !== null);
    const read = upgrade < 0 ? understood : understood.slice(0, upgrade + 1);
    const known = read.filter(({ head }) => http.METHODS.includes(head.method));
    assert.deepEqual(
      seen,
      known.map(({ head, payload }) => `${head.method} ${head.target} ${payload}`),
    );
    assert.deepEqual(complaints, []);
    forwarded += seen.length;
  });
  const limits = { numRuns: 1_000_000, interruptAfterTimeLimit: MILLISECONDS, markInterruptAsFailure: false };
  await fc.assert(property, { seed: SEED, ...limits });
  process.stdout.write(`# FUZZ_SEED=${SEED}: ${forwarded} requests forwarded\n`);
  assert.ok(forwarded > 100, `only ${forwarded} requests were forwarded`);
});
