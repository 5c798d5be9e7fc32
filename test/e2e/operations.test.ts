/** docs/operations.md, command by command, as somebody would who has the page before them: each way to install, to upgrade and to remove. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { toolsFolder, withoutTools } from '../support/tools.ts';
import { ensureAgent, fetchInside } from './support/agent.ts';
import { kubectl } from './support/api.ts';
import { explain } from './support/explain.ts';
import { ensureInstalled } from './support/install.ts';
import { image, root } from './support/manifests.ts';
import { waitFor } from './support/wait.ts';

/** Blocks of commands by the heading that they stand under. */
function blocks(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let heading = '';
  for (const [, title, commands] of readFileSync(join(root, 'docs/operations.md'), 'utf8').matchAll(
    /^#+ (.+)$|^```sh\n([\s\S]*?)^```$/gm,
  )) {
    if (title !== undefined) heading = title;
    else found.set(heading, [...(found.get(heading) ?? []), commands ?? '']);
  }
  return found;
}

const given = process.env['EVENKEEL_CLUSTER'] === 'given' && 'in a cluster that is not the tests own nobody removes CRDs';
const skip = withoutTools || given || (image !== 'evenkeel:dev' && 'the page names the image evenkeel:dev');

suite('docs/operations.md', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-operations-'));
  const left = blocks();

  before(async () => {
    await ensureAgent();
    await bash('kubectl delete lbs -A --all --wait || true; kubectl delete --ignore-not-found -f deploy/install.yaml -f crds/');
  });
  // The other files find an operator as they know it.
  after(async () => {
    rmSync(folder, { recursive: true });
    await ensureInstalled();
  });

  test('with kubectl: install, try, observe, debug, upgrade', { timeout: 300_000 }, async () => {
    await run('With kubectl');
    await run('Try it');
    const [seen = ''] = await run('Observe', 3);
    assert.match(seen, /^default +shop +\d\/4 +\d\/2 /m);
    const [said = '', held = ''] = await run('Debug', 3);
    assert.match(said, /controller_runtime_reconcile_total\{.*result="success"\} \d/);
    assert.match(held, /kind: BalancerReport/);
    await run('Upgrade');
    await comesUp();
  });

  test('Helm takes it over, upgrades it, and goes back', { timeout: 300_000 }, async () => {
    const [install = '', takeOver = ''] = left.get('With Helm') ?? [];
    left.set('With Helm', [install]);
    await bash(takeOver);
    await run('Upgrade', 2);
    await served();
  });

  test('removed by Helm, the service goes on; installed by Helm, it is taken up again', { timeout: 300_000 }, async () => {
    const [backUp = '', restore = ''] = left.get('Back up and restore') ?? [];
    await bash(backUp);
    await bash('helm uninstall evenkeel --namespace evenkeel-system --wait; kubectl delete namespace evenkeel-system --wait');
    await served();
    await run('With Helm');
    await bash('kubectl delete lbs shop --wait --cascade=foreground');
    await bash(restore);
    left.delete('Back up and restore');
    await comesUp();
  });

  test('with Helm all of it is removed', { timeout: 300_000 }, async () => {
    const [operator = '', everything = ''] = left.get('Remove') ?? [];
    await bash(everything);
    left.set('Remove', [operator]);
    const kinds = 'crd,clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding,namespace';
    assert.doesNotMatch(await kubectl(['get', kinds, '-o', 'name']), /evenkeel(?!-e2e)/);
  });

  test('with kustomize: install and remove; no command of the page is left', { timeout: 300_000 }, async () => {
    await run('With kustomize');
    await run('Try it');
    await comesUp();
    await run('Remove');
    await served();
    for (const [heading, commands] of left) if (heading !== 'Try it') assert.deepEqual(commands, [], heading);
    await bash('kubectl delete lbs shop --wait --cascade=foreground');
  });

  /** The next `count` blocks under a heading; what each printed. */
  async function run(heading: string, count = 1): Promise<string[]> {
    const commands = left.get(heading) ?? [];
    assert.ok(commands.length >= count, `${heading} has ${commands.length} blocks of commands left`);
    const printed: string[] = [];
    for (const block of commands.slice(0, count)) printed.push(await bash(block));
    if (heading !== 'Try it') left.set(heading, commands.slice(count));
    return printed;
  }

  /** In a folder that has what the repository has, so that what a command writes lands elsewhere. */
  function bash(commands: string): Promise<string> {
    const env = { ...process.env, PATH: `${toolsFolder}:${process.env['PATH'] ?? ''}`, HOME: folder };
    return new Promise((resolve, reject) => {
      const script = `set -euo pipefail\nln -sfn ${root}/crds ${root}/deploy .\n${commands}`;
      execFile('bash', ['-c', script], { cwd: folder, env, maxBuffer: 1 << 26 }, async (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${commands}\nended with ${error.code}: ${stderr}\n${stdout}\n${await explain('default')}`));
      });
    });
  }

  /** Once kube-proxy knows the new Service, too. */
  async function comesUp(): Promise<void> {
    await waitFor('shop to be served', () => served().then(() => true));
  }

  /** Now. */
  async function served(): Promise<void> {
    const host = await kubectl(['get', 'service', 'shop', '-o', 'jsonpath={.spec.clusterIP}']);
    const { outcome } = await fetchInside({ host, port: 80, path: '/' });
    assert.equal(outcome, '200');
  }
});
