import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

/** Of this machine alone, inside such a network: no loopback address, so that whoever may not connect to those may connect there. */
export const OWN_ADDRESS = '10.1.2.3';

const INSIDE = 'EVENKEEL_TEST_OWN_NETWORK';
const HOSTS = '/etc/hosts';
const UNSHARE = ['unshare', '--map-root-user', '--net', '--mount', 'sh', '-c'] as const;
const PREPARE = `ip link set lo up && ip address add ${OWN_ADDRESS}/32 dev lo && ip route add ${OWN_ADDRESS}/32 dev lo && mount --bind "$0" ${HOSTS}`;
const TIMEOUT_MS = 100_000;

/**
 * Has the tests of a file (`import.meta.filename`) run in a network of their own, where they may take its address away and decide what names
 * stand for: the file is run once more in there, as one test of the run outside. Linux only, with user namespaces or as root.
 */
export function inOwnNetwork(file: string, tests: () => void): void {
  if (process.env[INSIDE] !== undefined) tests();
  else test('in a network of its own', { skip: reasonAgainst() }, (context) => runInside(context, file));
}

/** From now on `name` stands for `address`; nothing else has a name. */
export function nameStandsFor(name: string, address: string): void {
  writeFileSync(HOSTS, `${address} ${name}\n`);
}

/** What is sent to OWN_ADDRESS is dropped from now on, without a word, and once more delivered when the function is called. */
export function blackhole(): () => void {
  const change = (how: 'add' | 'del') => execFileSync('ip', ['address', how, `${OWN_ADDRESS}/32`, 'dev', 'lo']);
  change('del');
  return () => change('add');
}

function reasonAgainst(): false | string {
  if (process.platform !== 'linux') return 'only Linux has network namespaces';
  try {
    const [program, ...args] = UNSHARE;
    execFileSync(program, [...args, PREPARE, HOSTS], { stdio: 'pipe' });
    return false;
  } catch (error) {
    return `it needs unshare and ip, and a user who may use them: ${String((error as Error).message)
      .split('\n')
      .at(-2)}`;
  }
}

async function runInside(context: TestContext, file: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-network-'));
  const hosts = join(folder, 'hosts');
  writeFileSync(hosts, readFileSync(HOSTS));
  // Without what tells the test runner that it is run by another one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const [program, ...args] = UNSHARE;
  const inside = [...args, `${PREPARE} && exec "$@"`, hosts, process.execPath, '--test-reporter=spec', file];
  try {
    const output = await new Promise<string>((resolve, reject) => {
      execFile(program, inside, { env: { ...env, [INSIDE]: '1' }, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
        if (error) reject(new Error(`it failed in there:\n${stdout}${stderr}`));
        else resolve(stdout);
      });
    });
    for (const line of output.split('\n').filter((each) => /✔|﹣/.test(each))) context.diagnostic(line.trim());
    if (!/^ℹ pass [1-9]/m.test(output)) throw new Error(`no test passed in there:\n${output}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
