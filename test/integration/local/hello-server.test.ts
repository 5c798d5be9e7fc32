import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { type HelloBehaviour, WELL_BEHAVED } from '../../../src/local/hello-behaviour.ts';
import { HelloServer } from '../../../src/local/hello-server.ts';
import { until } from '../../support/until.ts';

async function start(behaviour: HelloBehaviour = WELL_BEHAVED) {
  const server = new HelloServer({ name: 'one', behaviour });
  const { port } = await server.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${port}`;
  const close = () => server.close({ lingerMs: 0, graceMs: 0 });
  return { server, port, url, close, [Symbol.asyncDispose]: close };
}

async function get(url: string, init: RequestInit = {}) {
  const response = await fetch(url, { headers: { connection: 'close' }, ...init });
  return { status: response.status, text: await response.text(), server: response.headers.get('x-server') };
}

describe('what it answers', () => {
  /** Sentence -> method, target, and status and text of the answer. */
  const cases: Record<string, readonly [string, string, number, string]> = {
    'any path says hello': ['GET', '/any/path', 200, 'Hello, World!\n'],
    'a health check gets ok': ['GET', '/healthz', 200, 'ok\n'],
    'a POST is answered when its body is read': ['POST', '/', 200, 'Hello, World!\n'],
    'a request can ask for its failure': ['GET', '/?status=503', 503, 'told to answer 503\n'],
    'a request can ask for a delay': ['GET', '/?delay=1ms', 200, 'Hello, World!\n'],
    'a status without a body has none': ['GET', '/?status=204', 204, ''],
    'a wrong wish is refused': ['GET', '/?delay=soon', 400, '"soon" is not a duration: write it like 200ms or 1s500ms\n'],
    'an unknown control is refused': [
      'POST',
      '/control/explode',
      404,
      'no such control: /control/slow, /control/fail, /control/hang, /control/recover\n',
    ],
    'a control is not changed by reading': ['GET', '/control/hang', 405, 'use POST /control/hang\n'],
  };
  for (const [sentence, [method, target, status, text]] of Object.entries(cases)) {
    test(sentence, async () => {
      await using hello = await start();
      const body = method === 'POST' ? 'x'.repeat(100_000) : null;
      assert.deepEqual(await get(hello.url + target, { method, body }), { status, text, server: 'one' });
    });
  }
});

describe('controls', () => {
  test('a failure lasts until it is told to recover, health checks included', async () => {
    await using hello = await start();
    const told = await get(`${hello.url}/control/fail?status=500`, { method: 'POST' });
    assert.deepEqual(JSON.parse(told.text), { server: 'one', delayMs: 0, status: 500, hang: false });
    assert.equal((await get(`${hello.url}/healthz`)).status, 500);
    assert.equal((await get(`${hello.url}/?status=200`)).status, 200, 'a request may still ask for something else');
    await get(`${hello.url}/control/recover`, { method: 'POST' });
    assert.equal((await get(`${hello.url}/healthz`)).status, 200);
  });

  test('a server that hangs answers nothing but its controls', async () => {
    await using hello = await start();
    await get(`${hello.url}/control/hang`, { method: 'POST' });
    await assert.rejects(get(`${hello.url}/healthz`, { signal: AbortSignal.timeout(200) }), { name: 'TimeoutError' });
    assert.match((await get(`${hello.url}/control`)).text, /"hang":true/);
  });

  test('recovery is from what it was started with, too', async () => {
    await using hello = await start({ delayMs: 0, status: 503, hang: false });
    assert.equal((await get(hello.url)).status, 503);
    await get(`${hello.url}/control/recover`, { method: 'POST' });
    assert.equal((await get(hello.url)).status, 200);
  });
});

describe('the end', () => {
  test('what is being answered is finished, and its connection closed', async () => {
    const hello = await start();
    const agent = new Agent({ keepAlive: true });
    const slow = Promise.withResolvers<{ status: number | undefined; connection: string | undefined }>();
    const sent = request(`${hello.url}/?delay=1s`, { agent }, (response) => {
      response.resume();
      slow.resolve({ status: response.statusCode, connection: response.headers.connection });
    });
    sent.on('error', slow.reject);
    sent.end();
    // A second request that is answered proves that the first one has arrived.
    await get(hello.url);
    const closed = hello.server.close({ lingerMs: 0, graceMs: 10_000 });
    assert.deepEqual(await slow.promise, { status: 200, connection: 'close' });
    await closed;
    agent.destroy();
  });

  test('while it lingers new connections are served, and told to close', async () => {
    const hello = await start();
    const closed = hello.server.close({ lingerMs: 2_000, graceMs: 0 });
    const response = await fetch(hello.url);
    assert.equal(response.headers.get('connection'), 'close');
    await response.text();
    await closed;
    await assert.rejects(fetch(hello.url));
  });

  test('requests that hang, and clients that say nothing, do not hold it up', async () => {
    const hello = await start();
    const silent = connect(hello.port, '127.0.0.1');
    const hanging = connect(hello.port, '127.0.0.1', () => hanging.write('GET /?hang=1 HTTP/1.1\r\nHost: x\r\n\r\n'));
    let ended = 0;
    for (const socket of [silent, hanging]) socket.on('error', () => {}).on('close', () => ended++);
    await get(hello.url);
    await hello.server.close({ lingerMs: 0, graceMs: 0 });
    await until(() => ended === 2, 'both connections to be closed');
  });

  test('a port in use is the caller’s to tell of', async () => {
    await using hello = await start();
    const second = new HelloServer({ name: 'two', behaviour: WELL_BEHAVED });
    await assert.rejects(second.listen(hello.port, '127.0.0.1'), { code: 'EADDRINUSE' });
  });
});
