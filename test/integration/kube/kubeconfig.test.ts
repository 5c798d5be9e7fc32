import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { KubeClient } from '../../../src/kube/client.ts';
import { CredentialsError } from '../../../src/kube/errors.ts';
import { findCredentials } from '../../../src/kube/kubeconfig.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { FakeApiServer } from '../../support/fake-api-server.ts';

describe('credentials of a kubeconfig', () => {
  let folder: string;
  let server: FakeApiServer;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evenkeel-'));
    server = new FakeApiServer();
    await server.listen();
  });
  afterEach(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function write(name: string, text: string): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, text);
    return file;
  }

  const kubeconfig = (user: string, name = 'c', context = name) => `
apiVersion: v1
kind: Config
clusters: [{name: ${name}, cluster: {server: "${server.credentials().server.href}", certificate-authority-data: ${Buffer.from(server.ca).toString('base64')}}}]
users: [{name: ${name}, user: ${user}}]
contexts: [{name: ${name}, context: {cluster: ${name}, user: ${name}, namespace: ${name}-space}}]
current-context: ${context}
`;

  const find = (environment: Record<string, string>, options = {}) => findCredentials({ environment, home: folder, ...options });
  /** The Authorization header that the API server saw. */
  async function authorization(credentials: Awaited<ReturnType<typeof find>>): Promise<string | undefined> {
    const client = new KubeClient(credentials);
    await client.list(Resources.Pod, { namespace: 'default' });
    client.close();
    return server.requests.at(-1)?.headers.authorization;
  }
  const isCredentialsError = (code: CredentialsError['code'], message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof CredentialsError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };

  test('reach the cluster with its CA and a token', async () => {
    const credentials = await find({}, { file: await write('config', kubeconfig('{token: secret}')) });
    assert.equal(credentials.namespace, 'c-space');
    assert.equal(await authorization(credentials), 'Bearer secret');
  });

  test('come from $KUBECONFIG, several files being merged, of one name the first', async () => {
    const one = await write('one', kubeconfig('{token: one}', 'c', 'd'));
    const two = await write('two', kubeconfig('{token: two}', 'd', 'c'));
    const three = await write('three', kubeconfig('{token: three}', 'd'));
    const credentials = await find({ KUBECONFIG: [join(folder, 'missing'), one, two, three].join(delimiter) });
    assert.equal(await authorization(credentials), 'Bearer two');
  });

  test('are of the context that is asked for', async () => {
    const one = await write('one', kubeconfig('{token: one}', 'c'));
    const two = await write('two', kubeconfig('{token: two}', 'd'));
    assert.equal(await authorization(await find({ KUBECONFIG: [one, two].join(delimiter) }, { context: 'd' })), 'Bearer two');
  });

  test('come from an exec plugin, which is asked again after a 401', async () => {
    const credential = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"run-';
    const plugin = await write(
      'plugin',
      `#!/bin/sh\necho run >> ${folder}/runs\nprintf '%s%s"}}' '${credential}' "$(wc -l < ${folder}/runs | tr -d ' ')"\n`,
    );
    await chmod(plugin, 0o755);
    const user = `{exec: {apiVersion: client.authentication.k8s.io/v1, command: ${plugin}, interactiveMode: Never}}`;
    const credentials = await find({}, { file: await write('config', kubeconfig(user)) });
    server.addFault(({ headers }, response) => {
      if (headers.authorization !== 'Bearer run-1') return false;
      server.refuse(response, 401, 'Unauthorized', 'Unauthorized');
      return true;
    });
    assert.equal(await authorization(credentials), 'Bearer run-2');
    assert.equal(await readFile(join(folder, 'runs'), 'utf8'), 'run\nrun\n');
  });

  test('say that an exec plugin failed', async () => {
    const credentials = await find(
      {},
      { file: await write('config', kubeconfig('{exec: {apiVersion: v1, command: sh, args: ["-c", "echo no luck >&2; exit 1"]}}')) },
    );
    await assert.rejects(credentials.current(), isCredentialsError('LoginFailed', /cannot log in to the cluster of context "c": no luck/));
  });

  const unusable: Record<string, { text: string | null; code: CredentialsError['code']; message: RegExp }> = {
    'a file that is not there': { text: null, code: 'BadKubeconfig', message: /cannot read the kubeconfig .*config: ENOENT/ },
    'a file that is no YAML': { text: '{', code: 'BadKubeconfig', message: /cannot read the kubeconfig/ },
    'a file that says nothing': { text: 'kind: Config\n', code: 'NoCluster', message: /no cluster to reach: .* has no current-context/ },
    'a context that names no cluster': {
      text: 'current-context: gone\ncontexts: []\nclusters: []\nusers: []\n',
      code: 'NoCluster',
      message: /no cluster to reach: context "gone"/,
    },
    'a server that is no URL': {
      text: 'current-context: c\ncontexts: [{name: c, context: {cluster: c, user: c}}]\nclusters: [{name: c, cluster: {server: nowhere}}]\nusers: [{name: c, user: {token: t}}]\n',
      code: 'BadKubeconfig',
      message: /server "nowhere" in .* is no http or https URL/,
    },
  };
  for (const [what, { text, code, message }] of Object.entries(unusable)) {
    test(`are refused in words where there is ${what}`, async () => {
      const file = text === null ? join(folder, 'config') : await write('config', text);
      await assert.rejects(find({}, { file }), isCredentialsError(code, message));
    });
  }

  test('name the contexts that there are where the one that is asked for is not', async () => {
    const file = await write('config', kubeconfig('{token: one}'));
    await assert.rejects(find({}, { file, context: 'other' }), isCredentialsError('BadKubeconfig', /no context "other" .*; there are: c$/));
  });

  test('say where they were looked for', async () => {
    await assert.rejects(
      find({}),
      isCredentialsError('NoCluster', /no cluster to reach: there is no --kubeconfig, no \$KUBECONFIG, no ~\/\.kube\/config/),
    );
  });

  test('are the only ones that load client-node', async () => {
    const source = (name: string) => JSON.stringify(join(import.meta.dirname, '../../../src/kube', name));
    const script = `
      import { registerHooks } from 'node:module';
      registerHooks({ resolve: (specifier, context, next) => {
        if (specifier.includes('client-node')) console.log('loads client-node');
        return next(specifier, context);
      } });
      await import(${source('balancer-source.ts')});
      await import(${source('report-sink.ts')});
      const { findCredentials } = await import(${source('kubeconfig.ts')});
      console.log('before a kubeconfig');
      await findCredentials({ file: '/dev/null' }).catch(() => {});
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    assert.match(stdout, /^before a kubeconfig\nloads client-node\n/);
  });
});
