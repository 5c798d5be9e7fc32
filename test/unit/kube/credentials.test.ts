import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { inClusterCredentials } from '../../../src/kube/credentials.ts';
import { CredentialsError } from '../../../src/kube/errors.ts';
import { FakeTimers } from '../../support/fake-timers.ts';

describe('credentials of a pod', () => {
  let folder: string;
  let timers: FakeTimers;
  let writes = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evenkeel-'));
    timers = new FakeTimers();
    await write('token', 'one\n');
    await write('ca.crt', 'CA one');
    await write('namespace', 'shop');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Each write with a later time of change than the one before, whatever the file system's resolution. */
  async function write(name: string, text: string, changedAt = 1_700_000_000 + writes++): Promise<void> {
    await writeFile(join(folder, name), text);
    await utimes(join(folder, name), changedAt, changedAt);
  }
  const load = (host = '10.96.0.1', port = '443') =>
    inClusterCredentials({ environment: { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port }, folder, timers });
  const tokenOf = async (credentials: Awaited<ReturnType<typeof load>>) => (await credentials.current()).headers.authorization;

  test('name the API server, the namespace, the token and the CA', async () => {
    const credentials = await load();
    assert.equal(credentials.server.href, 'https://10.96.0.1/');
    assert.equal(credentials.namespace, 'shop');
    assert.deepEqual(await credentials.current(), { headers: { authorization: 'Bearer one' }, tls: { ca: 'CA one' } });
  });

  test('put an IPv6 address in brackets', async () => {
    const { server } = await load('fd00::1', '6443');
    assert.deepEqual([server.hostname, server.port], ['[fd00::1]', '6443']);
  });

  test('are read again when the token file changes', async () => {
    const credentials = await load();
    await write('token', 'two');
    assert.equal(await tokenOf(credentials), 'Bearer two');
  });

  test('are read again every minute, and the same until then', async () => {
    const credentials = await load();
    const first = await credentials.current();
    await write('ca.crt', 'CA two');
    await timers.advance(59_000);
    assert.equal(await credentials.current(), first);
    await timers.advance(1_000);
    assert.equal((await credentials.current()).tls.ca, 'CA two');
  });

  test('are read again after the API server refused them', async () => {
    const credentials = await load();
    const first = await credentials.current();
    credentials.renew();
    assert.notEqual(await credentials.current(), first);
  });

  test('stay as they are while the files are being replaced', async () => {
    const credentials = await load();
    await rm(join(folder, 'token'));
    assert.equal(await tokenOf(credentials), 'Bearer one');
    await write('token', 'two');
    assert.equal(await tokenOf(credentials), 'Bearer two');
  });

  test('are refused outside a cluster, and without a token, in words', async () => {
    await assert.rejects(
      inClusterCredentials({ environment: {}, folder }),
      (error) => error instanceof CredentialsError && error.code === 'NoCluster',
    );
    await rm(join(folder, 'token'));
    await assert.rejects(load(), (error) => {
      assert.ok(error instanceof CredentialsError);
      assert.equal(error.code, 'BadServiceAccount');
      assert.match(error.message, /token: ENOENT.*automountServiceAccountToken/);
      return true;
    });
  });
});
