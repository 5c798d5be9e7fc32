import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Evenkeel } from './evenkeel.ts';

test('it says hello on $PORT, under the name that it is given', async () => {
  await using hello = new Evenkeel(['hello', '--address', '127.0.0.1'], { env: { PORT: '0', HOSTNAME: 'pod-7' } });
  const [, port] = await hello.says(/pod-7 says hello on port (\d+) of 127\.0\.0\.1\n/);
  const response = await fetch(`http://127.0.0.1:${port}/`);
  assert.deepEqual([response.status, response.headers.get('x-server'), await response.text()], [200, 'pod-7', 'Hello, World!\n']);
});

test('flags win over the environment', async () => {
  await using hello = new Evenkeel(['hello', '--port', '0', '--name', 'one', '--status', '503'], {
    env: { PORT: '1', EVENKEEL_ADDRESS: '127.0.0.1' },
  });
  const [, port] = await hello.says(/one says hello on port (\d+) of 127\.0\.0\.1\n/);
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 503);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`on ${signal} it finishes what it has, and ends with exit code 0`, async () => {
    const hello = new Evenkeel(['hello', '--port', '0', '--address', '127.0.0.1', '--linger', '0s']);
    const [, port] = await hello.says(/on port (\d+)/);
    const slow = fetch(`http://127.0.0.1:${port}/?delay=1s`);
    await fetch(`http://127.0.0.1:${port}/`).then((response) => response.text());
    const end = hello.stop(signal);
    assert.equal(await (await slow).text(), 'Hello, World!\n');
    assert.equal((await end).code, 0);
  });
}

test('without an address it listens on all of them', async () => {
  await using hello = new Evenkeel(['hello', '--port', '0']);
  const [, port] = await hello.says(/on port (\d+) of (::|0\.0\.0\.0)\n/);
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
});
