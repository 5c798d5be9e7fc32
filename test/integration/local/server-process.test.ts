import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { PortAllocator } from '../../../src/local/free-ports.ts';
import { Guard } from '../../../src/local/guard.ts';
import { type ProcessCommand, ServerProcess, type ServerProcessOptions } from '../../../src/local/server-process.ts';
import { until } from '../../support/until.ts';

const allocator = new PortAllocator();

/** Listens on $PORT, and starts a process of its own that would outlive it. */
const SERVER = `
  require('node:child_process').spawn('sleep', ['60'], { stdio: 'ignore' });
  require('node:http').createServer((_, response) => response.end(String(process.pid))).listen(Number(process.env.PORT), '127.0.0.1');
  console.log('up'); console.error('and well');
`;
/** The same, but does not end when it is asked to. */
const STUBBORN = `process.on('SIGTERM', () => {}); ${SERVER}`;

const node = (script: string, port: number): ProcessCommand => ({
  file: process.execPath,
  args: ['-e', script],
  directory: null,
  environment: { PORT: String(port) },
});

async function supervised(script: string, changes: Partial<ServerProcessOptions> = {}) {
  const port = await allocator.next(26_000);
  const guard = new Guard();
  const lines: string[] = [];
  const events: string[] = [];
  const server = new ServerProcess({
    name: 'web-1',
    command: node(script, port),
    port,
    guard,
    restarts: { minMs: 1, maxMs: 1, resetAfterMs: 60_000 },
    stopGraceMs: 200,
    onLine: (line) => lines.push(line),
    onEvent: (sentence) => events.push(sentence),
    ...changes,
  });
  const dispose = async () => {
    await server.stop();
    guard.close();
  };
  return { server, port, guard, lines, events, [Symbol.asyncDispose]: dispose };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Members of a process group; the leader is a zombie for a moment when it has ended. */
async function membersOf(group: number): Promise<number> {
  const ps = spawn('ps', ['-eo', 'pgid=,stat=']);
  let text = '';
  ps.stdout.on('data', (data) => {
    text += data;
  });
  await once(ps, 'close');
  return text.split('\n').filter((line) => Number(line.trim().split(/\s+/)[0]) === group && !/\sZ/.test(line)).length;
}

describe('ServerProcess', () => {
  test('it listens, and what it writes comes line by line', async () => {
    await using it = await supervised(SERVER);
    await it.server.start();
    assert.equal(await it.server.listening, true);
    assert.equal(await (await fetch(`http://127.0.0.1:${it.port}`)).text(), String(it.server.pid));
    await until(() => it.lines.length === 2, 'its two lines');
    assert.deepEqual(it.lines.toSorted(), ['and well', 'up']);
  });

  test('one that is killed is started again, on the same port, and leaves nothing behind', async () => {
    await using it = await supervised(SERVER);
    await it.server.start();
    await it.server.listening;
    const first = it.server.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await until(() => it.server.pid !== null && it.server.pid !== first, 'the second run');
    await until(async () => (await membersOf(first)) === 0, 'what the first had started to be gone');
    const answered = async () =>
      fetch(`http://127.0.0.1:${it.port}`).then(
        (response) => response.ok,
        () => false,
      );
    await until(answered, 'the second run to answer');
    assert.ok(it.events.includes(`process ${first} was ended by SIGKILL: starting again in 0.001 s`), it.events.join('\n'));
  });

  test('waits grow while it keeps ending', async () => {
    await using it = await supervised('process.exit(3)', { restarts: { minMs: 1, maxMs: 4, resetAfterMs: 60_000 } });
    await it.server.start();
    await it.server.firstOutcome;
    await until(() => it.events.filter((event) => event.includes('exit code 3')).length >= 4, 'four ends');
    const waits = it.events.flatMap((event) => /in (0\.\d+) s/.exec(event)?.[1] ?? []).slice(0, 4);
    assert.deepEqual(waits, ['0.001', '0.002', '0.004', '0.004']);
  });

  test('a stop ends all of its group, even what does not want to end, or is frozen', async () => {
    for (const frozen of [false, true]) {
      await using it = await supervised(STUBBORN);
      await it.server.start();
      await it.server.listening;
      const group = it.server.pid ?? 0;
      if (frozen) process.kill(group, 'SIGSTOP');
      await it.server.stop();
      assert.equal(isAlive(group), false);
      await until(async () => (await membersOf(group)) === 0, 'the whole group to be gone');
      assert.equal(await it.server.listening, true);
    }
  });

  test('a program that is not there is the caller’s to tell of', async () => {
    await using it = await supervised('', { command: { file: 'no-such-program', args: [], directory: null, environment: {} } });
    await assert.rejects(it.server.start(), { code: 'ENOENT' });
  });

  test('one that is stopped before it listens never listened', async () => {
    await using it = await supervised('setTimeout(() => {}, 60_000)');
    await it.server.start();
    await it.server.stop();
    assert.equal(await it.server.listening, false);
  });
});

describe('Guard', () => {
  const room = join(import.meta.dirname, '../../../src/local');
  /** A process with a guarded child that ignores SIGTERM; prints the child's pid. */
  const OWNER = `
    import { spawn } from 'node:child_process';
    const { Guard } = await import(${JSON.stringify(join(room, 'guard.ts'))});
    const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)"], {
      detached: true, stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.stdout.once('data', () => {
      const guard = new Guard();
      guard.add(child.pid);
      console.log(JSON.stringify([child.pid, guard.pid]));
    });
  `;

  test('servers do not outlive a process that is killed', async () => {
    const owner = spawn(process.execPath, ['--input-type=module', '-e', OWNER], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(owner.stdout, 'data');
    const [child, shell] = JSON.parse(String(line)) as [number, number];
    assert.ok(isAlive(child) && isAlive(shell));
    owner.kill('SIGKILL');
    await until(() => !isAlive(child), 'the server to be gone');
    await until(() => !isAlive(shell), 'the shell that watched to be gone');
  });

  test('a shell that is killed is replaced, and the one after it knows what to watch', async () => {
    const guard = new Guard();
    const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    guard.add(child.pid ?? 0);
    const first = guard.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await until(() => guard.pid !== null && guard.pid !== first, 'another shell');
    // Its pipe ends with groups still listed, as when this process dies.
    guard.close();
    await once(child, 'exit');
  });

  test('what was removed is left alone', async () => {
    const guard = new Guard();
    const [kept, removed] = [spawn('sleep', ['60'], { detached: true }), spawn('sleep', ['60'], { detached: true })];
    guard.add(kept.pid ?? 0);
    guard.add(removed.pid ?? 0);
    guard.remove(removed.pid ?? 0);
    guard.close();
    await once(kept, 'exit');
    assert.equal(removed.exitCode ?? removed.signalCode, null);
    removed.kill('SIGKILL');
    await once(removed, 'exit');
  });
});
