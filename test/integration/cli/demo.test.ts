import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
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

test('a tour in which requests fail says so, and ends with exit code 1', async () => {
  const program = new Evenkeel(['demo', '--once', '--port', '21300', '--server-port', '21380']);
  // The table is shown and a server killed in one go, so that two are left to be killed from outside.
  await program.says(/SERVER +STATE.*\n(?: +127\.0\.0\.1.*\n){3}/);
  const pids = [...program.stdout.matchAll(/^ +127\.0\.0\.1:\d+ .* (\d+)$/gm)].map(([, pid]) => Number(pid));
  assert.equal(pids.length, 3);
  const children = await childrenOf(program.pid);
  for (const pid of pids.filter((each) => children.includes(each))) process.kill(pid, 'SIGKILL');
  const { code, stdout, stderr } = await program.ended;
  assert.match(stderr, /^evenkeel: [\d,]+ requests sent, [1-9]\d* failed \(answered with 50[23]\); the slowest took .*\n$/);
  assert.equal(code, 1);
  assert.match(stdout, /What was done\s+about\s+it/);
  assert.doesNotMatch(stdout, /In all/);
  await until(() => !children.some(isAlive), 'its servers to be gone');
});

test('ports that are taken are told of', async () => {
  await using hello = new Evenkeel(['hello', '--port', '21180', '--address', '127.0.0.1']);
  await hello.says(/says hello/);
  await using program = new Evenkeel(['demo', '--once', '--port', '21100', '--server-port', '21180']);
  await program.says(/Port 21180 is taken, so the first server listens on 21181\.\n/);
  await program.says(/127\.0\.0\.1:21181, 127\.0\.0\.1:21182,\s127\.0\.0\.1:21183/);
});

for (const [index, [moment, seen]] of Object.entries({ dead: /SERVER +STATE/, frozen: /kill -STOP \d+/ }).entries()) {
  test(`Ctrl-C while a server is ${moment} ends all of it`, async () => {
    const port = 21200 + 300 * index;
    const program = new Evenkeel(['demo', '--once', '--port', String(port), '--server-port', String(port + 80)]);
    await program.says(seen);
    const children = await childrenOf(program.pid);
    const { code, stderr } = await program.stop('SIGINT');
    assert.deepEqual([code, stderr], [0, '']);
    await until(() => !children.some(isAlive), 'its servers to be gone');
  });
}

/** The demo on a terminal of its own, and what that has shown so far. */
function onTerminal(
  context: TestContext,
  port: number,
): { seen: () => string; type: (text: string) => void; ended: Promise<unknown[]>; pid: number } {
  const command = [process.execPath, MAIN, 'demo', '--port', String(port), '--server-port', String(port + 80)].join(' ');
  const env = { ...process.env, TERM: 'xterm', COLUMNS: '100', LINES: '50' };
  const terminal = spawn('script', ['-qefc', `stty cols 100 rows 50; exec ${command}`, '/dev/null'], { env, stdio: 'pipe' });
  let seen = '';
  terminal.stdout.on('data', (data) => {
    seen += data;
  });
  context.after(() => terminal.kill());
  return { seen: () => seen, type: (text) => terminal.stdin.write(text), ended: once(terminal, 'exit'), pid: terminal.pid ?? 0 };
}

/** What the newest row of the table says of the server that this names, by its address or its process. */
function row(seen: string, named: string): { address: string; state: string; pid: string } | null {
  const newest = stripVTControlCharacters(seen.slice(-20_000));
  const rows = [...newest.matchAll(/^ *(127\.0\.0\.1:\d+) +(\w+) .* (\d+|down)\s*$/gm)].map(([, address = '', state = '', pid = '']) => ({
    address,
    state,
    pid,
  }));
  return rows.findLast(({ address, pid }) => address === named || pid === named) ?? null;
}

/** That no request fails is for the tour in plain text to show: on a busy machine, heartbeats that come late may put all servers out at once. */
function endsAsItTells(seen: string, code: unknown): void {
  const failed = /(?:In all|evenkeel): [\d,]+ requests sent, ([\d,]+) failed.*\s*$/.exec(seen)?.[1];
  assert.equal(code, failed === '0' ? 0 : 1, `${failed} failed, it says: ${seen.slice(-1000)}`);
}

const CTRL_C = '\x03';
const skip = process.platform !== 'linux' && 'script has other words elsewhere';

test('on a terminal the table is painted again and again, stays after the tour, and Ctrl-C ends all of it', { skip }, async (context) => {
  const { seen, type, ended, pid: terminal } = onTerminal(context, 21400);
  await until(() => seen().includes('Your turn, in another terminal'), 'the end of the tour', 60_000);
  const painted = () => seen().split('Your turn, in another terminal').length;
  const before = painted();
  await until(() => painted() > before + 2, 'the table to be painted again');
  assert.match(seen(), /SERVER +STATE +SINCE +REQUESTS +HEARTBEAT +PID/);
  const [demo = 0] = await childrenOf(terminal);
  const servers = await childrenOf(demo);
  assert.ok(servers.length >= 3);
  // What it offers its onlooker to do.
  const pid = /Your turn[\s\S]*?kill -9 (\d+)/.exec(seen())?.[1] ?? '';
  const { address } = row(seen(), pid) ?? assert.fail(`no row has process ${pid}: ${seen().slice(-3000)}`);
  process.kill(Number(pid), 'SIGKILL');
  const isBack = () => {
    const now = row(seen(), address);
    return now?.state === 'Healthy' && ![pid, 'down'].includes(now.pid);
  };
  await until(isBack, `the server that the onlooker killed, on ${address}, to be back`, 60_000);
  assert.equal(await (await fetch('http://127.0.0.1:21400/')).text(), 'Hello, World!\n');
  type(CTRL_C);
  const [code] = await ended;
  endsAsItTells(seen(), code);
  await until(() => !servers.some(isAlive), 'its servers to be gone');
});

test('on a terminal Ctrl-C during the tour ends all of it', { skip }, async (context) => {
  const { seen, type, ended, pid } = onTerminal(context, 21600);
  await until(() => /kill -9 \d+: the server/.test(seen()), 'the tour to kill a server', 60_000);
  const [demo = 0] = await childrenOf(pid);
  const children = await childrenOf(demo);
  type(CTRL_C);
  const [code] = await ended;
  endsAsItTells(seen(), code);
  await until(() => ![demo, ...children].some(isAlive), 'demo and servers to be gone');
});
