/** What test/cluster/with-cluster does where no cluster can be had. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';

const SCRIPT = join(import.meta.dirname, '../cluster/with-cluster');

suite('a machine that has neither docker nor Go', () => {
  /** The only folder on the PATH: what a bare system has. */
  const bare = mkdtempSync(join(tmpdir(), 'evenkeel-bare-'));
  after(() => rmSync(bare, { recursive: true }));
  for (const tool of ['bash', 'dirname', 'id', 'sed', 'uname']) {
    symlinkSync(execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(), join(bare, tool));
  }

  function withCluster(env: Record<string, string>): { code: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync(SCRIPT, ['echo', 'it ran'], { env: { PATH: bare, ...env }, encoding: 'utf8' });
    return { code: status, stdout, stderr };
  }

  test('is told what is missing, and the command is not run', () => {
    const { code, stdout, stderr } = withCluster({});
    assert.match(stderr, /a kind cluster needs a running docker,kind .*,kubectl$/m);
    assert.match(stderr, /the project's own cluster needs .*Go \(https:\/\/go\.dev\/dl\)$/m);
    assert.match(stderr, /EVENKEEL_E2E_KUBECONFIG=FILE EVENKEEL_E2E_IMAGE=NAME$/m);
    assert.match(stderr, /skipped/);
    assert.deepEqual([code, stdout], [0, '']);
  });

  test('with CI=true that is a failure', () => {
    const { code, stdout, stderr } = withCluster({ CI: 'true' });
    assert.match(stderr, /no cluster to test with/);
    assert.deepEqual([code, stdout], [1, '']);
  });

  test('one that needs less than a whole cluster too', () => {
    const { code, stderr } = withCluster({ CI: 'true', CLUSTER_PARTS: 'api' });
    assert.match(stderr, /the project's own cluster needs .*Go/);
    assert.doesNotMatch(stderr, /kind cluster/);
    assert.equal(code, 1);
  });

  test('a cluster that is given needs kubectl', () => {
    const { code, stdout, stderr } = withCluster({ EVENKEEL_E2E_KUBECONFIG: 'k', EVENKEEL_E2E_IMAGE: 'i' });
    assert.match(stderr, /EVENKEEL_E2E_KUBECONFIG is set, but there is no kubectl on the PATH/);
    assert.deepEqual([code, stdout], [1, '']);
  });
});
