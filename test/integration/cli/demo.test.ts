import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { until } from '../../support/until.ts';
import { childrenOf, Evenkeel, isAlive, MAIN } from './evenkeel.ts';

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

test('on a terminal the table is painted again and again, stays after the tour, and Ctrl-C ends all of it', {
  skip: process.platform !== 'linux' && 'script has other words elsewhere',
}, async (context) => {
  const command = [process.execPath, MAIN, 'demo', '--port', '21400', '--server-port', '21480'].join(' ');
  const env = { ...process.env, TERM: 'xterm', COLUMNS: '100', LINES: '50' };
  const terminal = spawn('script', ['-qefc', `stty cols 100 rows 50; exec ${command}`, '/dev/null'], { env, stdio: 'pipe' });
  let seen = '';
  terminal.stdout.on('data', (data) => {
    seen += data;
  });
  const ended = once(terminal, 'exit');
  context.after(() => terminal.kill());
  await until(() => seen.includes('Your turn, in another terminal'), 'the end of the tour', 60_000);
  const painted = () => seen.split('Your turn, in another terminal').length;
  const before = painted();
  await until(() => painted() > before + 2, 'the table to be painted again');
  assert.match(seen, /SERVER +STATE/);
  const [demo = 0] = await childrenOf(terminal.pid ?? 0);
  const servers = await childrenOf(demo);
  assert.ok(servers.length >= 3);
  terminal.stdin.write('\x03');
  const [code] = await ended;
  assert.equal(code, 0);
  assert.match(seen, /In all: [\d,]+ requests sent, 0 failed/);
  await until(() => !servers.some(isAlive), 'its servers to be gone');
});
