/** Sockets are given back, whatever a client or a server that does not read, as a frozen one, leaves in them. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { Http2Client } from '../../support/http2-client.ts';
import { ACK, block, END_HEADERS, END_STREAM, FrameType, frame } from '../../support/http2-frames.ts';
import { RawClient } from '../../support/raw-client.ts';
import { RecordingServer } from '../../support/recording-server.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import {
  balancerConfig,
  clientConnections,
  failures,
  httpCheck,
  type StartedBalancer,
  startBalancer,
} from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

/** More than the system's buffers hold between two sockets of one machine. */
const TOO_MUCH = Buffer.alloc(32 * 1_048_576, 'x');
const UPGRADE = 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

const toServers = ({ balancer }: StartedBalancer) => balancer.endpoints()[0]?.connections;

/** Reads nothing of what comes from now on, the end included. */
function freeze(socket: Socket): void {
  socket.pause();
}

async function withBuffersFull(client: RawClient): Promise<void> {
  let left = -1;
  client.say(TOO_MUCH);
  await until(() => {
    const before = left;
    left = client.socket.writableLength;
    return left > 0 && left === before;
  }, 'nothing more of it is taken');
}

for (const protocol of ['HTTP', 'TCP'] as const) {
  test(`a tunnel of a port of ${protocol} that is over gives its frozen server's socket back`, async () => {
    await using server = await RecordingServer.start(({ socket }) => {
      if (protocol === 'HTTP') socket.write(SWITCHED);
      freeze(socket);
    });
    await using heartbeats = await ScriptedServer.start(named('x'));
    const check = { type: 'TCP', port: heartbeats.port } as const;
    const limits = { tunnelHalfOpenTimeoutMs: 200 };
    await using started = await startBalancer([server.port], balancerConfig({ listeners: [{ protocol }], heartbeat: { check }, limits }));
    using client = await RawClient.connect(started.port);
    client.say(UPGRADE);
    await until(() => server.recordings.length === 1, 'the server has it');
    if (protocol === 'HTTP') await client.hear('101');
    await withBuffersFull(client);
    assert.equal(toServers(started), 1);
    client.socket.resetAndDestroy();
    await until(() => toServers(started) === 0, 'it is given back');
    assert.equal(clientConnections(started), 0);
  });
}

for (const clientEnds of [true, false]) {
  test(`the socket of a TCP client that takes nothing and has ${clientEnds ? '' : 'not '}ended its half is given back`, async () => {
    await using server = await RecordingServer.start(({ socket }) => void socket.end(TOO_MUCH));
    const limits = { writeTimeoutMs: 200 };
    await using started = await startBalancer([server.port], balancerConfig({ listeners: [{ protocol: 'TCP' }], limits }));
    using client = await RawClient.connect(started.port);
    freeze(client.socket);
    client.say('all of it, please');
    await until(() => server.recordings.length === 1, 'the server has it');
    if (clientEnds) client.socket.end();
    assert.equal(clientConnections(started), 1);
    await until(() => clientConnections(started) === 0, 'it is given back');
    await until(() => toServers(started) === 0, "and the server's");
    assert.deepEqual(failures(started), { WriteTimeout: 1 });
  });
}

/** Answers the first request of each connection, and is frozen from then on. */
const answeringOnce = () =>
  RecordingServer.start(({ socket, received }) => {
    const request = frame(FrameType.Headers, END_HEADERS | END_STREAM, 1)
      .toString('latin1')
      .slice(3);
    if (socket.bytesWritten > 0 || !received.includes(request)) return;
    const answer = frame(FrameType.Headers, END_HEADERS | END_STREAM, 1, block([[':status', '204']]));
    socket.write(Buffer.concat([frame(FrameType.Settings, 0, 0), frame(FrameType.Settings, ACK, 0), answer]));
    freeze(socket);
  });

for (const held of [false, true]) {
  test(`an HTTP/2 connection to a server that has frozen is given back once that is out${held ? ', with a request on it' : ''}`, async () => {
    await using server = await answeringOnce();
    await using heartbeats = await ScriptedServer.start(named('x'));
    const plain = balancerConfig({ heartbeat: { check: httpCheck({ port: heartbeats.port }) } });
    const config = { ...plain, backends: plain.backends.map((each) => ({ ...each, protocol: 'HTTP2' as const })) };
    await using started = await startBalancer([server.port], config);
    using client = await Http2Client.connect(started.port);
    assert.equal((await client.ask()).status, 204);
    assert.equal(toServers(started), 1);
    const answer = held ? client.ask({ ':method': 'POST' }) : null;
    if (held) await until(() => started.balancer.endpoints()[0]?.active === 1, 'the server has the request');
    heartbeats.silent = true;
    await until(() => started.balancer.endpoints()[0]?.state === 'Unhealthy', 'it is out');
    if (answer) assert.equal((await answer).status, 504);
    await until(() => toServers(started) === 0, 'it is given back');
    assert.deepEqual(failures(started), held ? { Unhealthy: 1 } : {});
  });
}
