/**
 * What Node's own strict parser and ours both accept, they read alike: the same requests, with the same bodies, at the same borders.
 * FUZZ_SECONDS makes it longer, FUZZ_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { RequestHeadReader } from '../../../src/http1/head-reader.ts';
import { DEFAULT_HEAD_LIMITS, type RequestHead } from '../../../src/http1/types.ts';
import { requestStream } from '../../unit/http1/grammar.ts';
import { readMessages } from '../../unit/http1/reading.ts';

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const MILLISECONDS = Number(process.env.FUZZ_SECONDS ?? 5) * 1000;
process.stdout.write(`# FUZZ_SEED=${SEED}\n`);

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly fields: string;
  readonly payload: string;
}

let seen: Seen[] = [];
const server = http.createServer({ insecureHTTPParser: false, keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
  const body: Buffer[] = [];
  request.on('data', (chunk: Buffer) => body.push(chunk));
  // A body that breaks off is no request that was read.
  request.on('error', () => {});
  request.on('end', () => {
    seen.push({
      method: request.method ?? '',
      url: request.url ?? '',
      host: request.headers.host ?? '',
      fields: request.rawHeaders.join('\n'),
      payload: Buffer.concat(body).toString('latin1'),
    });
    response.end();
  });
});
server.on('checkExpectation', (request, response) => server.emit('request', request, response));
server.on('upgrade', (_request, socket) => socket.destroy());
server.on('connect', (_request, socket) => socket.destroy());

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => server.close());

/** The requests that Node reads to their end in `bytes`, sent over a real connection. */
async function readByNode(bytes: Buffer): Promise<readonly Seen[]> {
  seen = [];
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const socket = net.connect(address.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.end(bytes);
  await once(socket, 'close');
  return seen;
}

test('what both parsers accept they read alike', async () => {
  let compared = 0;
  const property = fc.asyncProperty(requestStream, async (bytes) => {
    const ours = readMessages<RequestHead>([bytes], new RequestHeadReader(DEFAULT_HEAD_LIMITS), 'request').messages;
    if (ours.length === 0) return;
    const theirs = await readByNode(bytes);
    for (const [index, their] of theirs.entries()) {
      const our = ours[index];
      // One of the two stopped here, by refusing what follows or because nothing may follow.
      if (our === undefined) return;
      compared++;
      assert.equal(their.method, our.head.method);
      if (their.url.startsWith('/') || their.url === '*') assert.equal(their.url, our.head.target);
      if (their.host !== '' && their.url.startsWith('/')) assert.equal(their.host, our.head.host);
      assert.equal(their.payload, our.payload);
      for (const line of our.head.fields.split('\r\n').filter((text) => text !== '')) {
        const [name = '', ...value] = line.split(':');
        const trimmed = value.join(':').replace(/^[ \t]+|[ \t]+$/g, '');
        assert.ok(their.fields.includes(`${name}\n${trimmed}`), `Node did not see ${JSON.stringify(line)}`);
      }
      if (our.head.upgrade !== null) return;
    }
  });
  await fc.assert(property, { seed: SEED, numRuns: 1_000_000, interruptAfterTimeLimit: MILLISECONDS, markInterruptAsFailure: false });
  assert.ok(compared > 100, `only ${compared} requests were accepted by both`);
  process.stdout.write(`# ${compared} requests compared\n`);
});
