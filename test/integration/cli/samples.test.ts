import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { inOwnNetwork } from '../../support/own-network.ts';
import { until } from '../../support/until.ts';
import { Evenkeel } from './evenkeel.ts';

const SAMPLES = join(import.meta.dirname, '../../../deploy/samples');
const URL = 'http://127.0.0.1:8000/';

/** Names of the servers that answer. */
async function answeredBy(count: number): Promise<string[]> {
  const names = new Set<string>();
  await until(async () => {
    const response = await fetch(URL);
    assert.equal(await response.text(), 'Hello, World!\n');
    names.add(response.headers.get('x-server') ?? '');
    return names.size === count;
  }, `${count} servers to answer`);
  return [...names].sort();
}

// They name ports, which others on the machine may have.
inOwnNetwork(import.meta.filename, () => {
  test('local-commands.yaml: its servers are started and answer', async () => {
    await using program = new Evenkeel(['run', join(SAMPLES, 'local-commands.yaml')]);
    await program.says(/listening on http:\/\/127\.0\.0\.1:8000/);
    assert.deepEqual(await answeredBy(3), ['servers-1', 'servers-2', 'servers-3']);
  });

  test('local-addresses.yaml: the servers that run answer', async () => {
    await using first = new Evenkeel(['hello', '--name', 'server-8080'], { env: { PORT: '8080' } });
    await using second = new Evenkeel(['hello', '--name', 'server-8081'], { env: { PORT: '8081' } });
    await using third = new Evenkeel(['hello', '--name', 'server-8082'], { env: { PORT: '8082' } });
    for (const server of [first, second, third]) await server.says(/says hello/);
    await using program = new Evenkeel(['run', join(SAMPLES, 'local-addresses.yaml')]);
    await program.says(/listening on http:\/\/127\.0\.0\.1:8000/);
    assert.deepEqual(await answeredBy(3), ['server-8080', 'server-8081', 'server-8082']);
  });
});
