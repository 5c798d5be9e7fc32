import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { grpcChecker } from '../../../src/heartbeat/grpc-checker.ts';
import { check, checkerConformance, type Server } from './checker-conformance.ts';

const SERVING = Buffer.from([0, 0, 0, 0, 2, 8, 1]);
const NOT_SERVING = Buffer.from([0, 0, 0, 0, 2, 8, 2]);

/** A server of HTTP/2 on each connection that does `answer` with each stream. */
function speaking(answer: (stream: ServerHttp2Stream) => void): Server['serve'] {
  return (socket: Socket) => {
    const session = performServerHandshake(socket);
    session.on('error', () => {});
    session.on('stream', (stream) => {
      stream.on('error', () => {});
      stream.resume();
      stream.on('end', () => answer(stream));
    });
  };
}

function saying(body: Buffer, status = '0'): (stream: ServerHttp2Stream) => void {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
    stream.end(body);
  };
}

checkerConformance(
  'gRPC',
  grpcChecker({ type: 'GRPC', service: '', port: null }),
  {
    'one that is SERVING': { serve: speaking(saying(SERVING)), finding: 'HeartbeatAnswered' },
    'one that is NOT_SERVING': { serve: speaking(saying(NOT_SERVING)), finding: 'HeartbeatBadStatus' },
    'one that knows no health service': {
      serve: speaking((stream) => stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true })),
      finding: 'HeartbeatBadStatus',
    },
    'one that says nonsense': { serve: speaking(saying(Buffer.from('nonsense'))), finding: 'HeartbeatBadResponse' },
    'one that says too much': { serve: speaking(saying(Buffer.alloc(100_000))), finding: 'HeartbeatBadResponse' },
    'one without gRPC': {
      serve: speaking((stream) => {
        stream.respond({ ':status': 404 });
        stream.end('not found');
      }),
      finding: 'HeartbeatBadResponse',
    },
    'one that resets the stream': { serve: speaking((stream) => stream.destroy(new Error('no'))), finding: 'HeartbeatBadResponse' },
    'one that answers no stream': { serve: speaking(() => {}), finding: null },
    'a silent server': { serve: () => {}, finding: null },
    'one that closes at once': { serve: (socket) => socket.end(), finding: 'HeartbeatRefused' },
    'one that resets at once': { serve: (socket) => socket.resetAndDestroy(), finding: 'HeartbeatRefused' },
    'one of HTTP/1.1': {
      serve: (socket) => socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')),
      finding: 'HeartbeatBadResponse',
    },
  },
  speaking(saying(SERVING)),
);

test('the service is asked for by its name', async () => {
  const server = createServer();
  const asked: string[] = [];
  server.on('stream', (stream, headers) => {
    stream.on('data', (chunk: Buffer) => asked.push(`${headers[':path']} ${chunk.subarray(7)}`));
    stream.on('end', () => saying(SERVING)(stream));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const checker = grpcChecker({ type: 'GRPC', service: 'shop.v1.Cart', port: null });
  assert.equal(await check(checker, (server.address() as AddressInfo).port), 'HeartbeatAnswered');
  assert.deepEqual(asked, ['/grpc.health.v1.Health/Check shop.v1.Cart']);
  server.close();
});
