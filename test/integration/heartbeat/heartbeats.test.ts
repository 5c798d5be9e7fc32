import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import { afterEach, describe, it } from 'node:test';
import type { CheckResult } from '../../../src/heartbeat/check-result.ts';
import { Heartbeats } from '../../../src/heartbeat/heartbeats.ts';
import type { HeartbeatConfig, ScheduleConfig } from '../../../src/model/config.ts';
import { type Endpoint, endpointId } from '../../../src/model/endpoint.ts';
import { httpCheck } from '../../support/start-balancer.ts';
import { onRequest, RawServer } from './servers.ts';

const HOUR = 3_600_000;
const HTTP = httpCheck({ path: '/' });
/** So rarely that only what is brought forward happens. */
const RARELY: ScheduleConfig = { type: 'Fixed', intervalMs: HOUR };
const OFTEN: ScheduleConfig = { type: 'Fixed', intervalMs: 20 };
const LISTENERS = [
  { name: 'http', protocol: 'HTTP' as const },
  { name: 'tcp', protocol: 'TCP' as const },
];

const config = (changes: Partial<HeartbeatConfig> = {}): HeartbeatConfig => ({
  check: HTTP,
  schedule: RARELY,
  timeoutMs: 20_000,
  failureThreshold: 2,
  successThreshold: 2,
  jitterPercent: 10,
  ...changes,
});

function endpoint(port: number, changes: Partial<Endpoint> = {}): Endpoint {
  const host = changes.host ?? '127.0.0.1';
  return { id: endpointId(host, port), host, port, backend: 'b', portName: 'http', weight: 1, lifecycle: 'Ready', ...changes };
}

class Bench {
  readonly results: { id: string; result: CheckResult }[] = [];
  readonly heartbeats: Heartbeats;
  readonly servers: RawServer[] = [];
  onResult: (id: string, result: CheckResult) => void = () => {};
  #ahead = 0;

  constructor() {
    this.heartbeats = new Heartbeats({
      talkOf: () => ({ tls: null, proxyProtocol: null, protocol: 'HTTP1', lookup }),
      clock: () => performance.now() + this.#ahead,
      // The round begins now: the first slot is due a whole slot later.
      random: () => 0,
      onResult: (id, result) => {
        this.results.push({ id, result });
        this.onResult(id, result);
      },
    });
  }

  /** Makes the clock jump, as it does for a process that stood still. */
  standStill(milliseconds: number): void {
    this.#ahead += milliseconds;
  }

  async server(serve: Parameters<typeof RawServer.start>[0]): Promise<RawServer> {
    const server = await RawServer.start(serve);
    this.servers.push(server);
    return server;
  }

  answering(): Promise<RawServer> {
    return this.server((socket, received) => {
      onRequest(socket, received, () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    });
  }

  silent(): Promise<RawServer> {
    return this.server(() => {});
  }

  reasons(): string[] {
    return this.results.map(({ result }) => result.reason);
  }

  async close(): Promise<void> {
    this.heartbeats.close();
    for (const server of this.servers) await server.close();
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) assert.fail(`still waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('heartbeats', () => {
  let bench = new Bench();
  afterEach(async () => {
    await bench.close();
    bench = new Bench();
  });

  it('a new endpoint is checked at once, whatever T', async () => {
    const server = await bench.answering();
    bench.heartbeats.configure(config(), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    await until('it was checked', () => bench.results.length > 0);
    const [first] = bench.results;
    assert.equal(first?.id, `127.0.0.1:${server.port}`);
    assert.equal(first?.result.answered, true);
    assert.equal(first?.result.reason, 'HeartbeatAnswered');
    assert.equal(first?.result.durationMs, (first?.result.endedAt ?? 0) - (first?.result.startedAt ?? 0));
  });

  it('endpoints that come before the configuration are checked once it is there', async () => {
    const server = await bench.answering();
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    bench.heartbeats.configure(config(), LISTENERS);
    await until('it was checked', () => bench.results.length > 0);
  });

  it('goes on round after round', async () => {
    const [one, other] = [await bench.answering(), await bench.answering()];
    bench.heartbeats.configure(config({ schedule: OFTEN }), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(one.port), endpoint(other.port)]);
    await until('both were checked five times', () => one.connections.length >= 5 && other.connections.length >= 5);
  });

  it('tells the ways of missing apart', async () => {
    const sick = await bench.server((socket) => socket.write('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n'));
    const garbled = await bench.server((socket) => socket.write('what?\r\n\r\n'));
    const ports = [sick.port, garbled.port, await RawServer.closedPort()];
    bench.heartbeats.configure(config(), LISTENERS);
    bench.heartbeats.setEndpoints(ports.map((port) => endpoint(port)));
    await until('all were checked', () => bench.results.length === 3);
    const found = ports.map((port) => bench.results.find(({ id }) => id === `127.0.0.1:${port}`)?.result);
    assert.deepEqual(
      found.map((result) => [result?.answered, result?.reason]),
      [
        [false, 'HeartbeatBadStatus'],
        [false, 'HeartbeatBadResponse'],
        [false, 'HeartbeatRefused'],
      ],
    );
  });

  it('a check that timed out is given up: its connection goes', async () => {
    const server = await bench.silent();
    bench.heartbeats.configure(config({ timeoutMs: 50 }), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    await until('it timed out', () => bench.reasons().includes('HeartbeatTimeout'));
    await server.quiet();
  });

  it('checkNow brings a check forward, also from within a result', async () => {
    const server = await bench.silent();
    bench.onResult = (id) => {
      if (bench.results.length < 3) bench.heartbeats.checkNow(id);
    };
    bench.heartbeats.configure(config({ timeoutMs: 50 }), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    await until('it was checked three times', () => bench.results.length === 3);
  });

  it('checkNow many times is one check; while one is under way it is none; of a stranger it is nothing', async () => {
    const server = await bench.answering();
    const other = await bench.answering();
    const id = `127.0.0.1:${server.port}`;
    bench.heartbeats.configure(config(), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    for (let i = 0; i < 10; i += 1) bench.heartbeats.checkNow(id);
    bench.heartbeats.checkNow('10.0.0.1:80');
    await until('it was checked', () => bench.results.length === 1);
    bench.heartbeats.setEndpoints([endpoint(server.port), endpoint(other.port)]);
    await until('the other was checked, after all there was to do', () => bench.results.length === 2);
    assert.equal(server.connections.length, 1);
  });

  it('rechecks have a budget: half of it at once', async () => {
    const servers = await Promise.all(Array.from({ length: 8 }, () => bench.silent()));
    bench.heartbeats.configure(
      config({ schedule: { type: 'Budget', checksPerSecond: 0.01, minIntervalMs: HOUR, maxIntervalMs: HOUR }, timeoutMs: 5 }),
      LISTENERS,
    );
    bench.heartbeats.setEndpoints(servers.map(({ port }) => endpoint(port)));
    await until('one was checked', () => bench.results.length === 1);
    for (const { port } of servers) bench.heartbeats.checkNow(`127.0.0.1:${port}`);
    for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(bench.results.length, 1);
  });

  it('draining endpoints are not checked, and are left in peace at once', async () => {
    const [draining, ready] = [await bench.answering(), await bench.answering()];
    bench.heartbeats.configure(config(), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(draining.port, { lifecycle: 'Draining' }), endpoint(ready.port)]);
    bench.heartbeats.checkNow(`127.0.0.1:${draining.port}`);
    await until('the other was checked', () => bench.results.length === 1);
    assert.equal(draining.connections.length, 0);
    assert.equal(bench.heartbeats.report().servers, 1);
  });

  it('an endpoint that goes away during its check says nothing any more', async () => {
    const server = await bench.silent();
    bench.heartbeats.configure(config({ timeoutMs: HOUR }), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    await until('the check is under way', () => server.connections.length === 1);
    bench.heartbeats.setEndpoints([]);
    await server.quiet();
    assert.deepEqual(bench.results, []);
  });

  it('another pod at the same address is checked at once, and a check of the one before says nothing any more', async () => {
    const server = await bench.server((socket, received) => {
      onRequest(socket, received, () => {
        if (server.connections.length > 1) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      });
    });
    bench.heartbeats.configure(config({ timeoutMs: HOUR }), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port, { podName: 'shop-1' })]);
    await until('the check of the first is under way', () => server.received[0]?.endsWith('\r\n\r\n') === true);
    bench.heartbeats.setEndpoints([endpoint(server.port, { podName: 'shop-2' })]);
    await until('the second was checked', () => bench.results.length === 1);
    assert.deepEqual(bench.reasons(), ['HeartbeatAnswered']);
  });

  it('a new check asks anew at once, in place of those under way', async () => {
    const server = await bench.server((socket, received) => {
      onRequest(socket, received, () => {
        if (received().startsWith('GET /new')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      });
    });
    bench.heartbeats.configure(config({ timeoutMs: HOUR }), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    await until('the old check is under way', () => server.received[0]?.startsWith('GET / ') === true);
    bench.heartbeats.configure(config({ timeoutMs: HOUR, check: { ...HTTP, path: '/new' } }), LISTENERS);
    await until('the new one was answered', () => bench.results.length === 1);
    assert.deepEqual(bench.reasons(), ['HeartbeatAnswered']);
  });

  it('a shorter interval takes effect at once', async () => {
    const server = await bench.answering();
    bench.heartbeats.configure(config(), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    await until('it was checked', () => bench.results.length === 1);
    bench.heartbeats.configure(config({ schedule: OFTEN }), LISTENERS);
    await until('it is checked often', () => bench.results.length >= 5);
  });

  it("an HTTP check of a TCP listener's endpoint connects and asks nothing", async () => {
    const server = await bench.silent();
    bench.heartbeats.configure(config(), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port, { portName: 'tcp' })]);
    await until('it was checked', () => bench.results.length === 1);
    await until('its connection has come', () => server.connections.length === 1);
    await server.quiet();
    assert.deepEqual([bench.reasons(), server.received], [['HeartbeatAnswered'], ['']]);
  });

  it('an HTTP check with a port of its own asks there, for a TCP listener too', async () => {
    const [traffic, health] = [await bench.silent(), await bench.answering()];
    bench.heartbeats.configure(config({ check: { ...HTTP, port: health.port } }), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(traffic.port, { portName: 'tcp' })]);
    await until('it was checked', () => bench.results.length === 1);
    assert.deepEqual([bench.reasons(), traffic.connections.length], [['HeartbeatAnswered'], 0]);
    assert.match(health.received[0] ?? '', /^GET \/ HTTP/);
  });

  it('close gives everything up', async () => {
    const server = await bench.silent();
    bench.heartbeats.configure(config({ timeoutMs: HOUR }), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    await until('the check is under way', () => server.connections.length === 1);
    bench.heartbeats.close();
    await server.quiet();
    assert.deepEqual(bench.results, []);
  });
});

describe('heartbeats when their own loop stood still', () => {
  let bench = new Bench();
  afterEach(async () => {
    await bench.close();
    bench = new Bench();
  });

  it('an endpoint gets its whole timeout all the same, and the standstill is told', async () => {
    const server = await bench.silent();
    bench.heartbeats.configure(config({ timeoutMs: 100 }), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    await until('the check is under way', () => server.connections.length === 1);
    bench.standStill(10_000);
    await until('it timed out', () => bench.results.length === 1);
    const [{ result } = assert.fail('no result')] = bench.results;
    assert.equal(result.reason, 'HeartbeatTimeout');
    assert.ok(result.loopLateMs >= 9_900, `late by ${result.loopLateMs}`);
    assert.ok(result.durationMs - result.loopLateMs >= 99, `had ${result.durationMs - result.loopLateMs}`);
  });

  it('a late answer is an answer', async () => {
    let answer = (): void => assert.fail('not asked yet');
    const server = await bench.server((socket, received) => {
      onRequest(socket, received, () => {
        answer = () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      });
    });
    bench.heartbeats.configure(config({ timeoutMs: 2_000 }), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    await until('it was asked', () => server.received[0]?.endsWith('\r\n\r\n') === true);
    bench.standStill(60_000);
    answer();
    await until('there is a result', () => bench.results.length === 1);
    assert.deepEqual(bench.reasons(), ['HeartbeatAnswered']);
  });

  it('a connection that broke meanwhile is told with the standstill, so that it can be void', async () => {
    let reset = (): void => assert.fail('not asked yet');
    const server = await bench.server((socket, received) => {
      onRequest(socket, received, () => {
        reset = () => socket.resetAndDestroy();
      });
    });
    bench.heartbeats.configure(config({ timeoutMs: 2_000 }), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    await until('it was asked', () => server.received[0]?.endsWith('\r\n\r\n') === true);
    bench.standStill(60_000);
    reset();
    await until('there is a result', () => bench.results.length === 1);
    assert.equal(bench.results[0]?.result.reason, 'HeartbeatRefused');
    assert.ok((bench.results[0]?.result.loopLateMs ?? 0) > 50_000);
  });
});

describe('what heartbeats report', () => {
  let bench = new Bench();
  afterEach(async () => {
    await bench.close();
    bench = new Bench();
  });

  it('nothing before a configuration', () => {
    assert.deepEqual(bench.heartbeats.report(), {
      servers: 0,
      responsesPerSecond: 0,
      intervalMilliseconds: 0,
      maxDetectionMilliseconds: 0,
      overMaxInterval: false,
    });
  });

  it('N, R, T and the longest detection, R once there was an answer', async () => {
    const [one, other] = [await bench.answering(), await bench.answering()];
    bench.heartbeats.configure(config({ schedule: { type: 'Fixed', intervalMs: 4_000 }, timeoutMs: 500 }), LISTENERS);
    bench.heartbeats.setEndpoints([endpoint(one.port), endpoint(other.port)]);
    const report = { servers: 2, intervalMilliseconds: 4_000, maxDetectionMilliseconds: 5_400, overMaxInterval: false };
    assert.deepEqual(bench.heartbeats.report(), { ...report, responsesPerSecond: 0 });
    await until('both were checked', () => bench.results.length === 2);
    assert.deepEqual(bench.heartbeats.report(), { ...report, responsesPerSecond: 0.5 });
  });

  it('Measured: T follows the response times', async () => {
    const server = await bench.answering();
    bench.heartbeats.configure(
      config({ schedule: { type: 'Measured', minIntervalMs: 1, maxIntervalMs: HOUR }, timeoutMs: 10_000 }),
      LISTENERS,
    );
    bench.heartbeats.setEndpoints([endpoint(server.port)]);
    assert.equal(bench.heartbeats.report().intervalMilliseconds, HOUR);
    await until('it was checked', () => bench.results.length >= 1);
    const { durationMs } = bench.results[0]?.result ?? assert.fail();
    if (bench.results.length === 1) assert.equal(bench.heartbeats.report().intervalMilliseconds, Math.max(Math.round(durationMs), 1));
    await until('it is checked at the rate of its answers', () => bench.results.length >= 10);
  });

  it('Budget over maxInterval says so', () => {
    bench.heartbeats.configure(
      config({ schedule: { type: 'Budget', checksPerSecond: 1, minIntervalMs: 100, maxIntervalMs: 2_000 } }),
      LISTENERS,
    );
    bench.heartbeats.setEndpoints([1, 2, 3].map((port) => endpoint(port)));
    const { intervalMilliseconds, overMaxInterval } = bench.heartbeats.report();
    assert.deepEqual([intervalMilliseconds, overMaxInterval], [3_000, true]);
  });
});
