import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Load } from '../../support/load.ts';
import { until } from '../../support/until.ts';
import { childrenOf, Evenkeel, folderWith, helloBackend, isAlive, resourceFile } from './evenkeel.ts';

const skip = process.platform === 'linux' ? false : 'only Linux spreads connections among processes';
const more = (workers: number, strategy = 'RoundRobin') => `  balancer: {type: Dedicated, dedicated: {workers: ${workers}}}
  telemetry: {accessLog: JSON}
  strategy: {type: ${strategy}}
`;

async function running(port: number) {
  const backends = helloBackend(port, 2);
  const folder = folderWith({ 'shop.yaml': resourceFile({ backends, more: more(2) }) });
  const program = new Evenkeel(['run', 'shop.yaml', '--port', 'http=0'], { cwd: folder.path });
  const dispose = async () => {
    await program.stop();
    folder[Symbol.dispose]();
  };
  const [, listener = ''] = await program.says(/listening on http:\/\/127\.0\.0\.1:(\d+)/);
  const workers = (await childrenOf(program.pid)).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').endsWith('worker\0'));
  return { program, folder, port: Number(listener), backends, workers, [Symbol.asyncDispose]: dispose };
}

test('evenkeel run with two workers: they serve, log whole lines, take a changed file over, and end with it', { skip }, async () => {
  await using it = await running(24_100);
  assert.equal(it.workers.length, 2);
  using load = new Load(it.port, 'GET', 8);
  await until(() => load.statuses.length > 50, 'requests flow');
  it.folder.write('shop.yaml', resourceFile({ backends: it.backends, more: more(3, 'Random') }));
  await it.program.says(/generation 2 of the file is applied/);
  await it.program.says(/spec\.balancer\.dedicated\.workers: there are 2 until it is started again/);
  const { length } = load.statuses;
  await until(() => load.statuses.length > length + 100, 'requests go on');
  await load.stop();
  assert.deepEqual(load.failures, []);
  const { stderr, code } = await it.program.stop('SIGTERM');
  assert.equal(code, 0);
  const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
  assert.equal(
    lines.map((line) => JSON.parse(line) as { status: number }).filter(({ status }) => status === 200).length,
    load.statuses.length,
  );
  assert.deepEqual(it.workers.filter(isAlive), []);
});

test('workers end when the process that they belong to is killed', { skip }, async () => {
  await using it = await running(24_200);
  await it.program.stop('SIGKILL');
  await until(() => !it.workers.some(isAlive), 'all of them end');
});

test('a Ctrl-C, which reaches every process, still lets requests finish', { skip }, async () => {
  await using it = await running(24_300);
  using load = new Load(it.port, 'GET', 4);
  await until(() => load.statuses.length > 20, 'requests flow');
  for (const pid of it.workers) process.kill(pid, 'SIGINT');
  const { length } = load.statuses;
  await until(() => load.statuses.length > length + 50, 'requests go on');
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal((await it.program.stop('SIGINT')).code, 0);
  assert.deepEqual(it.workers.filter(isAlive), []);
});
