/** Servers that answer wrongly, break off, go away or say nothing: what the client sees, and what becomes of the server's connection. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, GET, GET_AND_CLOSE, POST, RawClient } from '../../support/raw-client.ts';
import { type Recording, RecordingServer } from '../../support/recording-server.ts';
import { ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const SMUGGLED = `${OK}Content-Length: 8\r\n\r\nsmuggled`;

/** Says `answer` once a request (or the head of one) has come, whatever comes later. */
function answering(answer: string): (recording: Recording) => void {
  return ({ received, socket }) => {
    if (received.endsWith('\r\n\r\n') && !socket.writableEnded) socket.write(answer, 'latin1');
  };
}

const BROKEN: Record<string, string> = {
  'Content-Length and Transfer-Encoding': `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'Content-Length twice': `${OK}Content-Length: 0\r\nContent-Length: 5\r\n\r\n`,
  'Content-Length that is none': `${OK}Content-Length: +5\r\n\r\nhello`,
  'a transfer coding that nobody asked for': `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  junk: 'I am not a web server\r\n\r\n',
  'a bare LF': `${OK}X: a\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n`,
  'a bare CR': `${OK}X: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n`,
  'a folded line': `${OK}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`,
  'a space before the colon': `${OK}Content-Length : 0\r\n\r\n`,
  NUL: `${OK}X: \0\r\nContent-Length: 0\r\n\r\n`,
  'too large a head': `${OK}X: ${'x'.repeat(40_000)}\r\nContent-Length: 0\r\n\r\n`,
  'a head without end': `${OK}${'X: 1\r\n'.repeat(10_000)}`,
  'a status of 999': 'HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n',
  'HTTP/2.0': 'HTTP/2.0 200 OK\r\n\r\n',
  'endless 1xx': 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1_000),
  'a switch to a protocol that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
};

for (const [sentence, answer] of Object.entries(BROKEN)) {
  test(`[24] a server that answers with ${sentence}: 502, that connection destroyed, nothing of it delivered`, async () => {
    await using server = await RecordingServer.start(answering(answer + SMUGGLED));
    await using started = await startBalancer([server.port], balancerConfig({ failover: { retryMethods: 'None' } }));
    using client = await RawClient.connect(started.port);
    const heard = (await client.say(GET).hear(/HTTP\/1\.1 [2-5][\s\S]*\n$/)).replaceAll('HTTP/1.1 103 Early Hints\r\n\r\n', '');
    assert.match(client.heard.replaceAll('HTTP/1.1 103 Early Hints\r\n\r\n', ''), /^HTTP\/1\.1 502 Bad Gateway\r\n/);
    assert.doesNotMatch(heard, /smuggled|Set-Cookie/);
    assert.equal(client.ended, 'no', 'the client did nothing wrong and stays');
    await until(() => server.recordings[0]?.ended === 'closed', 'the connection to the server is closed');
    assert.equal(server.recordings.length, 1);
  });
}

test('[24] bytes after the answer are never taken for the next one', async () => {
  await using server = await RecordingServer.start(answering(`${OK}Content-Length: 3\r\n\r\none${SMUGGLED}`));
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  await client.say(GET).hear(/one$/);
  await until(() => server.recordings[0]?.ended === 'closed', 'the connection to the server is closed');
  client.heard = '';
  await client.say(GET).hear(/one$/);
  assert.equal(server.recordings.length, 2);
  assert.doesNotMatch(client.heard, /smuggled/);
});

test('[24] bytes that come while nothing is asked are never taken for an answer', async () => {
  await using server = await RecordingServer.start(answering(`${OK}Content-Length: 3\r\n\r\none`));
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  await client.say(GET).hear(/one$/);
  server.say(SMUGGLED);
  await until(() => server.recordings[0]?.ended === 'closed', 'the connection to the server is closed');
  client.heard = '';
  await client.say(GET).hear(/one$/);
  assert.doesNotMatch(client.heard, /smuggled/);
});

/** How a body begins, is framed, and breaks off. */
const CUTS: Record<string, { head: string; body: string; end: (recording: Recording) => void }> = {
  'a length, reset': { head: 'Content-Length: 100\r\n', body: 'Hello', end: ({ socket }) => socket.resetAndDestroy() },
  'a length, ended': { head: 'Content-Length: 100\r\n', body: 'Hello', end: ({ socket }) => socket.end() },
  'chunks, reset': { head: 'Transfer-Encoding: chunked\r\n', body: '5\r\nHello\r\n', end: ({ socket }) => socket.resetAndDestroy() },
  'chunks, ended': { head: 'Transfer-Encoding: chunked\r\n', body: '5\r\nHello\r\n', end: ({ socket }) => socket.end() },
  'chunks, ended in the last one': {
    head: 'Transfer-Encoding: chunked\r\n',
    body: '5\r\nHello\r\n0\r\n',
    end: ({ socket }) => socket.end(),
  },
  'chunks that go wrong': {
    head: 'Transfer-Encoding: chunked\r\n',
    body: '5\r\nHello\r\n',
    end: ({ socket }) => socket.write('-1\r\n\r\n0\r\n\r\n'),
  },
  'the end of the connection, reset': { head: '', body: 'Hello', end: ({ socket }) => socket.resetAndDestroy() },
};

for (const [sentence, { head, body, end }] of Object.entries(CUTS)) {
  for (const version of ['HTTP/1.1', 'HTTP/1.0'] as const) {
    test(`[43] a response framed by ${sentence}: a client of ${version} sees a cut, never a clean end`, async () => {
      await using server = await RecordingServer.start(answering(`${OK}${head}\r\n${body}`));
      await using started = await startBalancer([server.port]);
      using client = await RawClient.connect(started.port);
      await client.say(GET.replace('HTTP/1.1', version)).hear('Hello');
      for (const recording of server.recordings) end(recording);
      const heard = await client.all();
      assert.equal(client.ended, 'reset');
      assert.doesNotMatch(heard, /\r\n0\r\n\r\n$/);
      await until(() => server.recordings[0]?.ended === 'closed', 'the connection to the server is closed');
      assert.equal(server.recordings.length, 1, 'it was not asked again');
    });
  }
}

/** How a server that keeps its connection alive ends it, just as the next request comes. */
const GOING: Record<string, (recording: Recording) => void> = {
  'ends it': ({ socket }) => socket.end(),
  'resets it': ({ socket }) => socket.resetAndDestroy(),
};

for (const [sentence, leave] of Object.entries(GOING)) {
  test(`[44] a kept-alive connection whose server ${sentence} as we write: GET is tried again, POST is not`, async () => {
    await using server = await RecordingServer.start((recording) => {
      if (recording.received.split('HTTP/1.1\r\n').length > 2) leave(recording);
      else recording.socket.write(`${OK}Content-Length: 5\r\n\r\nfresh`);
    });
    await using started = await startBalancer([server.port]);
    using client = await RawClient.connect(started.port);
    await client.say(GET).hear(/fresh$/);
    client.heard = '';
    await client.say(GET).hear(/fresh$/);
    assert.match(client.heard, /^HTTP\/1\.1 200 /);
    assert.equal(server.received.match(/GET \/ HTTP/g)?.length, 3, 'asked again, on a new connection');
    client.heard = '';
    await client.say(POST).hear(/^HTTP\/1\.1 502 [\s\S]*\n$/);
    assert.equal(server.received.match(/POST \/ HTTP/g)?.length, 1, 'it may have run, so it is not sent again');
    assert.equal(client.ended, 'no');
  });
}

test('[44] a kept-alive connection that its server has closed before: the next POST goes out on a new one', async () => {
  await using server = await RecordingServer.start(answering(`${OK}Content-Length: 5\r\n\r\nfresh`));
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  await client.say(GET).hear(/fresh$/);
  server.recordings[0]?.socket.end();
  await until(() => server.recordings[0]?.ended === 'closed', 'the connection is closed on both sides');
  client.heard = '';
  await client.say('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n').hear(/fresh$/);
  assert.equal(server.recordings.length, 2);
});

test('[45] every server refuses: 503 for a GET and a POST, again when all are marked down', async () => {
  const ports: number[] = [];
  for (let each = 0; each < 3; each++) {
    await using gone = await ScriptedServer.start(() => {});
    ports.push(gone.port);
  }
  await using started = await startBalancer(ports);
  assert.match(await ask(started.port, GET_AND_CLOSE), /^HTTP\/1\.1 503 /);
  await until(() => (started.report()?.failOpen.length ?? 0) > 0, 'no server is left, so all are tried');
  // In under 100 ms: the median of some, since this machine may be busy for a moment.
  const times: number[] = [];
  for (let each = 0; each < 15; each++) {
    const begun = performance.now();
    assert.match(await ask(started.port, GET_AND_CLOSE), /^HTTP\/1\.1 503 /);
    times.push(performance.now() - begun);
  }
  assert.ok((times.toSorted((a, b) => a - b)[7] ?? 0) < 100, `milliseconds: ${times}`);
  using client = await RawClient.connect(started.port);
  await client.say(POST).hear(/^HTTP\/1\.1 503 [\s\S]*\n$/);
  assert.equal(client.ended, 'no');
});

for (const request of [POST, POST.replace('POST', 'PUT')]) {
  test(`[45] every server is silent: 504 by the timeout of the attempt, and the ${request.split(' ')[0]} was sent once`, async () => {
    await using first = await RecordingServer.start();
    await using second = await RecordingServer.start();
    // A PUT may be sent again, but not for having taken too long; a GET would be hedged.
    const failover = { responseTimeoutMs: 200, retryMethods: 'Idempotent' } as const;
    await using started = await startBalancer([first.port, second.port], balancerConfig({ failover }));
    using client = await RawClient.connect(started.port);
    await client.say(request).hear(/^HTTP\/1\.1 504 [\s\S]*\n$/);
    assert.equal((first.received + second.received).match(/P[A-Z]+ \/ HTTP/g)?.length, 1);
    await until(() => [...first.recordings, ...second.recordings].every(({ ended }) => ended === 'closed'), 'the connection is closed');
    assert.equal(client.ended, 'no');
  });
}

/** A client of HTTP/1.0 or a request without a body to its answer: what the server says, and what the client hears to the last byte. */
const FRAMED: Record<string, { request: string; answer: string; heard: string; ends: boolean }> = {
  'HTTP/1.0 gets chunks without their framing': {
    request: 'GET / HTTP/1.0\r\n\r\n',
    answer: `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: trailer\r\n\r\n`,
    heard: `${OK}Connection: close\r\n\r\nabcde`,
    ends: true,
  },
  'HTTP/1.0 with keep-alive gets a length and stays': {
    request: 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    answer: `${OK}Content-Length: 3\r\n\r\nabc`,
    heard: `${OK}Content-Length: 3\r\nConnection: keep-alive\r\n\r\nabc`,
    ends: false,
  },
  'HTTP/1.0 hears no 1xx': {
    request: 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    answer: `HTTP/1.1 103 Early Hints\r\n\r\n${OK}Content-Length: 3\r\n\r\nabc`,
    heard: `${OK}Content-Length: 3\r\nConnection: keep-alive\r\n\r\nabc`,
    ends: false,
  },
  'HEAD gets the length and no body': {
    request: 'HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n',
    answer: `${OK}Content-Length: 500\r\n\r\n`,
    heard: `${OK}Content-Length: 500\r\n\r\n`,
    ends: false,
  },
  'HEAD of what would be chunked': {
    request: 'HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n',
    answer: `${OK}Transfer-Encoding: chunked\r\n\r\n`,
    heard: `${OK}\r\n`,
    ends: false,
  },
  '204 has neither length nor body': {
    request: GET,
    answer: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    heard: 'HTTP/1.1 204 No Content\r\n\r\n',
    ends: false,
  },
  '304 keeps the length that is not of its body': {
    request: GET,
    answer: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\nETag: "a"\r\n\r\n',
    heard: 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 77\r\n\r\n',
    ends: false,
  },
  '[20] Connection names Content-Length: the length is not lost': {
    request: GET,
    answer: `${OK}Connection: content-length, x-mine\r\nContent-Length: 3\r\nX-Mine: 1\r\nX-Yours: 2\r\n\r\nabc`,
    heard: `${OK}X-Yours: 2\r\nContent-Length: 3\r\n\r\nabc`,
    ends: false,
  },
  'a server of HTTP/1.0 answers a client of HTTP/1.1': {
    request: GET,
    answer: 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc',
    heard: `${OK}Content-Length: 3\r\n\r\nabc`,
    ends: false,
  },
};

for (const [sentence, { request, answer, heard, ends }] of Object.entries(FRAMED)) {
  test(`[50] ${sentence}`, async () => {
    await using server = await RecordingServer.start(answering(answer));
    await using started = await startBalancer([server.port]);
    using client = await RawClient.connect(started.port);
    await client.say(request).hear(heard);
    if (ends) await client.all();
    else await client.say(request).hear(heard + heard);
    assert.equal(client.heard, ends ? heard : heard + heard);
    assert.equal(client.ended, ends ? 'end' : 'no');
    // One of HTTP/1.0 means to close after its answer.
    assert.equal(server.recordings.length, answer.startsWith('HTTP/1.0') ? 2 : 1, 'connections to the server');
  });
}

for (const version of ['HTTP/1.1', 'HTTP/1.0'] as const) {
  test(`[50] a response that ends with its connection, to ${version}`, async () => {
    await using server = await RecordingServer.start(({ socket }) => socket.end(`${OK}\r\nHello`));
    await using started = await startBalancer([server.port]);
    using client = await RawClient.connect(started.port);
    client.say(GET.replace('HTTP/1.1', version));
    if (version === 'HTTP/1.0') assert.equal(await client.all(), `${OK}Connection: close\r\n\r\nHello`);
    else assert.equal(await client.hear(/[\s\S]*0\r\n\r\n$/), `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n`);
    assert.equal(client.ended, version === 'HTTP/1.0' ? 'end' : 'no');
  });
}
