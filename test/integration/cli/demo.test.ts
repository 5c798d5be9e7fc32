import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../support/until.ts';
import { childrenOf, Evenkeel, isAlive } from './evenkeel.ts';

const PORTS = ['--port', '21000', '--server-port', '21080'];

test('the tour kills, freezes, explains, and ends with exit code 0 when no request failed', async () => {
  const program = new Evenkeel(['demo', ...PORTS]);
  await program.says(/SERVER +STATE/);
  const children = await childrenOf(program.pid);
  const { code, stdout, stderr } = await program.ended;
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /kill -9 \d+: the server on 127\.0\.0\.1:\d+ dies/);
  assert.match(stdout, /kill -STOP \d+: the server on 127\.0\.0\.1:\d+\s+is\s+frozen/);
  assert.equal(stdout.match(/^Failover: /gm)?.length, 2);
  assert.equal(stdout.match(/^Recovery: /gm)?.length, 2);
  assert.match(stdout, /T = N \/ R: T = 200 ms, N = 3 servers, R = 15 heartbeats\/s/);
  assert.match(stdout, /\nIn all: [\d,]+ requests sent, 0 failed; the slowest took .*\n$/);
  assert.deepEqual(
    stdout.split('\n').filter((line) => line.length > 80),
    [],
  );
  await until(() => !children.some(isAlive), 'its servers to be gone');
});

test('ports that are taken are told of', async () => {
  await using hello = new Evenkeel(['hello', '--port', '21180', '--address', '127.0.0.1']);
  await hello.says(/says hello/);
  await using program = new Evenkeel(['demo', '--once', '--port', '21100', '--server-port', '21180']);
  await program.says(/Port 21180 is taken, so the first server listens on 21181\.\n/);
  await program.says(/127\.0\.0\.1:21181, 127\.0\.0\.1:21182,\s127\.0\.0\.1:21183/);
});

test('Ctrl-C in the middle ends all of it', async () => {
  const program = new Evenkeel(['demo', '--once', '--port', '21200', '--server-port', '21280']);
  await program.says(/SERVER +STATE/);
  const children = await childrenOf(program.pid);
  const { code, stderr } = await program.stop('SIGINT');
  assert.deepEqual([code, stderr], [0, '']);
  await until(() => !children.some(isAlive), 'its servers to be gone');
});
