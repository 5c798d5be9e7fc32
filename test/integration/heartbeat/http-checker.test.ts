import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { httpChecker } from '../../../src/heartbeat/http-checker.ts';
import type { HttpCheckConfig } from '../../../src/model/config.ts';
import { check, checkerConformance, type Server } from './checker-conformance.ts';
import { onRequest, RawServer } from './servers.ts';

const CONFIG: HttpCheckConfig = {
  type: 'HTTP',
  path: '/healthz',
  port: null,
  host: null,
  headers: [],
  expectedStatuses: [
    { start: 200, end: 299 },
    { start: 304, end: 304 },
  ],
};

/** Answers each request with this text. */
function answers(text: string, end = true): Server['serve'] {
  return (socket, received) => {
    onRequest(socket, received, () => {
      socket.write(text, 'latin1');
      if (end) socket.end();
    });
  };
}

/** Sends this text, some bytes at each turn of the loop. */
function drips(text: string, bytes: number): Server['serve'] {
  return (socket, received) => {
    onRequest(socket, received, () => {
      let at = 0;
      const next = (): void => {
        if (socket.destroyed) return;
        socket.write(text.slice(at, at + bytes), 'latin1');
        at += bytes;
        if (at < text.length) setImmediate(next);
      };
      next();
    });
  };
}

function endless(head: string): Server['serve'] {
  return (socket, received) => {
    onRequest(socket, received, () => {
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'x'))) {}
      };
      socket.on('drain', more);
      socket.write(head);
      more();
    });
  };
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

checkerConformance('HTTP', httpChecker(CONFIG), {
  'a good answer': { serve: answers(OK), finding: 'HeartbeatAnswered' },
  'a good answer, byte by byte': { serve: drips(OK, 1), finding: 'HeartbeatAnswered' },
  'a server that keeps its connection open': { serve: answers(OK, false), finding: 'HeartbeatAnswered' },
  'HTTP/1.0': { serve: answers('HTTP/1.0 200 OK\r\n\r\nok'), finding: 'HeartbeatAnswered' },
  chunked: { serve: answers('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'), finding: 'HeartbeatAnswered' },
  'no body': { serve: answers('HTTP/1.1 204 No Content\r\n\r\n'), finding: 'HeartbeatAnswered' },
  'the last status of a range': { serve: answers('HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n'), finding: 'HeartbeatAnswered' },
  'a second range': { serve: answers('HTTP/1.1 304 Not Modified\r\n\r\n'), finding: 'HeartbeatAnswered' },
  'an interim response first': { serve: answers(`HTTP/1.1 103 Early Hints\r\n\r\n${OK}`), finding: 'HeartbeatAnswered' },
  'a head without end of the body': {
    serve: answers('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nok', false),
    finding: 'HeartbeatAnswered',
  },
  'a body without end': { serve: endless('HTTP/1.1 200 OK\r\n\r\n'), finding: 'HeartbeatAnswered' },
  'a status that is not expected': {
    serve: answers('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'),
    finding: 'HeartbeatBadStatus',
  },
  'a status between the ranges': { serve: answers('HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n'), finding: 'HeartbeatBadStatus' },
  garbage: { serve: answers('SSH-2.0-OpenSSH_9.2\r\n'), finding: 'HeartbeatBadResponse' },
  'garbage before we asked': { serve: (socket) => socket.write('220 mail ready\r\n'), finding: 'HeartbeatBadResponse' },
  TLS: { serve: answers('\x15\x03\x01\x00\x02\x02\x46'), finding: 'HeartbeatBadResponse' },
  'a head that two could read differently': {
    serve: answers('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'),
    finding: 'HeartbeatBadResponse',
  },
  'a head without end': { serve: endless('HTTP/1.1 200 OK\r\nX: '), finding: 'HeartbeatBadResponse' },
  'interim responses without end': {
    serve: answers('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50), false),
    finding: 'HeartbeatBadResponse',
  },
  'another protocol': {
    serve: answers('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    finding: 'HeartbeatBadResponse',
  },
  'half a head, then the end': { serve: answers('HTTP/1.1 200 OK\r\nContent-'), finding: 'HeartbeatBadResponse' },
  'the end without a word': { serve: (socket, received) => onRequest(socket, received, () => socket.end()), finding: 'HeartbeatRefused' },
  'the end at once': { serve: (socket) => socket.end(), finding: 'HeartbeatRefused' },
  'a reset': { serve: (socket, received) => onRequest(socket, received, () => socket.resetAndDestroy()), finding: 'HeartbeatRefused' },
  'a server that says nothing': { serve: () => {}, finding: null },
  'a head that drips and is not done': { serve: answers('HTTP/1.1 200 OK\r\nContent-Le', false), finding: null },
});

describe('what an HTTP check sends', () => {
  async function requestOf(config: Partial<HttpCheckConfig>): Promise<{ request: string; port: number }> {
    const server = await RawServer.start(answers(OK));
    const { port } = server;
    await check(httpChecker({ ...CONFIG, ...config }), port);
    await server.close();
    return { request: server.received[0] ?? '', port };
  }

  it('the path, the endpoint as host, our name, and that this is all', async () => {
    const { request, port } = await requestOf({});
    assert.equal(
      request,
      `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: evenkeel-heartbeat\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    );
  });

  it('the configured host and headers, which replace ours', async () => {
    const { request } = await requestOf({
      host: 'shop.example',
      headers: [
        { name: 'user-agent', value: 'probe' },
        { name: 'X-Key', value: '1' },
      ],
    });
    assert.equal(
      request,
      'GET /healthz HTTP/1.1\r\nHost: shop.example\r\nuser-agent: probe\r\nX-Key: 1\r\nAccept: */*\r\nConnection: close\r\n\r\n',
    );
  });

  it('one Host, where a header gives it', async () => {
    const { request } = await requestOf({ headers: [{ name: 'Host', value: 'a.example' }] });
    assert.deepEqual(request.match(/^host:.*$/gim), ['Host: a.example']);
  });

  it('a new connection each time', async () => {
    const server = await RawServer.start(answers(OK));
    const checker = httpChecker(CONFIG);
    assert.equal(await check(checker, server.port), 'HeartbeatAnswered');
    assert.equal(await check(checker, server.port), 'HeartbeatAnswered');
    assert.equal(server.connections.length, 2);
    await server.close();
  });
});

describe('an HTTP check against an HTTP server', () => {
  it('waits for the rest of an answer before it ends its side', async () => {
    const server = await RawServer.start((socket, received) => {
      onRequest(socket, received, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok'));
    });
    assert.equal(await check(httpChecker(CONFIG), server.port), 'HeartbeatAnswered');
    const socket = server.connections[0] ?? assert.fail('no connection');
    for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(socket.readableEnded, false);
    socket.write('ok');
    await server.quiet();
    assert.deepEqual([socket.readableEnded, server.errors], [true, []]);
    await server.close();
  });

  it('is an ordinary request that was answered whole: not one that its client gave up', async () => {
    const finished: boolean[] = [];
    const errors: Error[] = [];
    const server = createServer((_request, response) => {
      response.on('close', () => finished.push(response.writableFinished));
      response.write('o');
      setImmediate(() => response.end('k'));
    });
    server.on('clientError', (error) => errors.push(error));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    assert.equal(await check(httpChecker(CONFIG), (server.address() as AddressInfo).port), 'HeartbeatAnswered');
    await new Promise<void>((resolve) => server.close(() => resolve()));
    assert.deepEqual([finished, errors], [[true], []]);
  });
});
