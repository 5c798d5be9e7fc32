/**
 * What Node's own strict parser and ours both accept, they read alike: the same requests and responses, with the same bodies, at the same
 * borders.
 * FUZZ_SECONDS makes it longer, FUZZ_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { RequestHeadReader, ResponseHeadReader } from '../../../src/http1/head-reader.ts';
import { DEFAULT_HEAD_LIMITS, type RequestHead, type ResponseHead } from '../../../src/http1/types.ts';
import { requestStream, responseStream } from '../../unit/http1/grammar.ts';
import { readMessages } from '../../unit/http1/reading.ts';

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const PROPERTIES = 2;
const MILLISECONDS = (Number(process.env.FUZZ_SECONDS ?? 6) * 1000) / PROPERTIES;
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

/** Says `wire` to whoever asks, whatever it is. */
let wire: Buffer = Buffer.alloc(0);
const talker = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => socket.end(wire));
});

before(async () => {
  server.listen(0, '127.0.0.1');
  talker.listen(0, '127.0.0.1');
  await Promise.all([once(server, 'listening'), once(talker, 'listening')]);
});
after(() => {
  server.close();
  talker.close();
});

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

/** Each of `lines`, which we would forward, is among the names and values that Node saw. */
function assertSeen(lines: string, theirs: string): void {
  for (const line of lines.split('\r\n').filter((text) => text !== '')) {
    const [name = '', ...value] = line.split(':');
    const trimmed = value.join(':').replace(/^[ \t]+|[ \t]+$/g, '');
    assert.ok(theirs.includes(`${name}\n${trimmed}`), `Node did not see ${JSON.stringify(line)}`);
  }
}

interface SeenResponse {
  readonly status: number;
  readonly fields: string;
  readonly payload: string;
}

/** The first final response that Node reads to its end in `bytes`, received over a real connection; null: it refuses them. */
function responseByNode(bytes: Buffer): Promise<SeenResponse | null> {
  wire = bytes;
  const { port } = talker.address() as net.AddressInfo;
  return new Promise((resolve) => {
    const asked = http.get({ port, host: '127.0.0.1', agent: false, insecureHTTPParser: false }, (answer) => {
      const body: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => body.push(chunk));
      answer.on('error', () => resolve(null));
      answer.on('end', () => {
        const payload = Buffer.concat(body).toString('latin1');
        const { statusCode: status = 0, rawHeaders } = answer;
        resolve(answer.complete ? { status, fields: rawHeaders.join('\n'), payload } : null);
      });
    });
    asked.on('error', () => resolve(null));
    asked.on('upgrade', (_answer, socket) => {
      socket.destroy();
      resolve(null);
    });
  });
}

test('responses that both parsers accept they read alike', async () => {
  let compared = 0;
  const property = fc.asyncProperty(responseStream, async (bytes) => {
    const { messages } = readMessages<ResponseHead>([bytes], new ResponseHeadReader(DEFAULT_HEAD_LIMITS), 'response');
    const switched = messages.findIndex(({ head }) => head.status === 101);
    const our = (switched < 0 ? messages : messages.slice(0, switched)).find(({ head }) => head.status >= 200);
    if (!our) return;
    const their = await responseByNode(bytes);
    if (!their) return;
    compared++;
    assert.equal(their.status, our.head.status);
    assert.equal(their.payload, our.payload);
    assertSeen(our.head.fields, their.fields);
  });
  await fc.assert(property, { seed: SEED, numRuns: 1_000_000, interruptAfterTimeLimit: MILLISECONDS, markInterruptAsFailure: false });
  assert.ok(compared > 100, `only ${compared} responses were accepted by both`);
  process.stdout.write(`# ${compared} responses compared\n`);
});

test('requests that both parsers accept they read alike', async () => {
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
      assertSeen(our.head.fields, their.fields);
      if (our.head.upgrade !== null) return;
    }
  });
  await fc.assert(property, { seed: SEED, numRuns: 1_000_000, interruptAfterTimeLimit: MILLISECONDS, markInterruptAsFailure: false });
  assert.ok(compared > 100, `only ${compared} requests were accepted by both`);
  process.stdout.write(`# ${compared} requests compared\n`);
});
