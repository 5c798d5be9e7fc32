import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { evenkeel, folderWith, helloBackend, type Outcome, resourceFile } from './evenkeel.ts';

const GOOD = resourceFile({ port: 20_000, backends: helloBackend(20_080, 1) });
const folder = folderWith({
  'good.yaml': GOOD,
  'again.yaml': GOOD,
  'blog.yaml': GOOD.replace('name: shop', 'name: blog'),
  'not-yaml.yaml': 'kind: [LoadBalancedService\n',
  'empty.yaml': '# nothing here\n',
  'other-kind.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: shop}\n',
  'other-version.yaml': GOOD.replace('v1alpha1', 'v1'),
  'unknown-field.yaml': GOOD.replace('replicas:', 'replica:'),
  'wrong-value.yaml': GOOD.replace('timeout: 500ms', 'timeout: 900ms'),
  'two-mistakes.yaml': GOOD.replace('replicas:', 'replica:').replace('heartbeat:', 'hartbeat:'),
  'no-command.yaml': resourceFile({ backends: helloBackend(20_080, 1).replace(/command: .*/, 'image: nginx') }),
  'no-program.yaml': resourceFile({ port: 20_000, backends: helloBackend(20_080, 1).replace('"evenkeel"', '"evenkele"') }),
  'no-directory.yaml': resourceFile({ port: 20_000, backends: `${helloBackend(20_080, 1)}\n            workingDir: /no/such/place` }),
  'half.yaml': resourceFile({
    port: 20_000,
    backends: `${helloBackend(20_080, 2)}\n${helloBackend(20_085, 1, [], 'other').replace('"evenkeel"', '"evenkele"')}`,
  }),
  'https.yaml': GOOD.replace('port: 20000}', 'port: 20000, protocol: HTTPS, tls: {certificateRefs: [{name: shop-tls}]}}'),
  'service.yaml': resourceFile({ backends: '  - {name: legacy, type: Service, ports: [{port: 80}], serviceRef: {name: old-shop}}' }),
  'kubeconfig.yaml': 'nonsense: [\n',
});
mkdirSync(join(folder.path, 'directory'));
after(() => folder[Symbol.dispose]());

const taken = createServer();
await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
const takenPort = (taken.address() as AddressInfo).port;

/** An API server that lets nobody do anything, but for listing what stands in `allowed`. */
const allowed = new Set<string>();
const forbidding = createHttpServer((request, response) => {
  if ([...allowed].some((plural) => request.url?.includes(`/${plural}?`))) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: 'List', metadata: {}, items: [] }));
    return;
  }
  const message = `loadbalancedservices.evenkeel.dev is forbidden: User "nobody" cannot ${request.method === 'GET' ? 'list' : 'change'} it`;
  response
    .writeHead(403, { 'content-type': 'application/json' })
    .end(JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden', message }));
});
await new Promise<void>((resolve) => forbidding.listen(0, '127.0.0.1', resolve));
after(() => {
  taken.close();
  forbidding.close();
  forbidding.closeAllConnections();
});

function kubeconfig(server: string): string {
  folder.write(
    'cluster.yaml',
    `{apiVersion: v1, kind: Config, current-context: a, clusters: [{name: a, cluster: {server: "${server}", insecure-skip-tls-verify: true}}], contexts: [{name: a, context: {cluster: a, user: a}}], users: [{name: a, user: {token: x}}]}`,
  );
  return join(folder.path, 'cluster.yaml');
}

async function run(words: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return evenkeel(words, { cwd: folder.path, env: { HOME: folder.path, ...env } });
}

/** One clear line on standard error, nothing on standard output, that exit code, and no sign of where in the program it was. */
function assertOneLine({ code, stdout, stderr }: Outcome, expectedCode: number, pattern: RegExp): void {
  assert.match(stderr, pattern);
  assert.equal(code, expectedCode);
  assert.equal(stdout, '');
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  assert.match(stderr, /^evenkeel: /);
  assert.doesNotMatch(stderr, /\n +at |node:|Error:|\.ts:\d/);
}

type Case = readonly [words: readonly string[], code: 1 | 2, line: RegExp];

const USE: Record<string, Case> = {
  'no command': [[], 2, /which command\? evenkeel --help lists them/],
  'an unknown command': [['rum'], 2, /unknown command 'rum'; did you mean run\?/],
  'help of an unknown command': [['help', 'rum'], 2, /unknown command 'rum'/],
  'an option before any command': [['--verbose'], 2, /unknown option '--verbose'/],
  'an unknown option': [['run', 'good.yaml', '--adress', '::1'], 2, /unknown option '--adress'; did you mean --address\?/],
  'an option without its value': [['hello', '--port'], 2, /option '-p, --port <number>' argument missing/],
  'run without a file': [['run'], 2, /missing required argument 'file'/],
  'validate without a file': [['validate'], 2, /missing required argument 'file'/],
  'demo with an argument': [['demo', 'good.yaml'], 2, /too many arguments for 'demo'/],
  'version with an argument': [['version', 'x'], 2, /too many arguments for 'version'/],
  'a port that is none': [['hello', '--port', '70000'], 2, /'70000' is invalid\. A port is a number from 0 to 65535\./],
  'an address that is none': [['run', 'good.yaml', '--address', 'my host'], 2, /'my host' is invalid\. An address is written like/],
  'a duration that is none': [['hello', '--delay', '5'], 2, /'5' is invalid\. A duration is written like/],
  'a status that is none': [['hello', '--status', '99'], 2, /'99' is invalid\. A status is a number/],
  'a name that is none': [['hello', '--name', 'two words'], 2, /'two words' is invalid\. A name is/],
  'an output that is none': [['run', 'good.yaml', '-o', 'xml'], 2, /'xml' is invalid\. Allowed choices are table, json, yaml/],
  'a port of no name': [['run', 'good.yaml', '--port', '8080'], 2, /'8080' is invalid\. Write it like http=8080/],
  'a port that the resource does not have': [
    ['run', 'good.yaml', '--port', 'htpt=8080'],
    2,
    /--port htpt=8080: there is no such port; there are shop\/http/,
  ],
  'a port that two resources have': [
    ['run', 'good.yaml', 'blog.yaml', '-p', 'http=1'],
    2,
    /shop and blog both have such a port: write --port shop\/http=1/,
  ],
  'a Service that is resolved to nothing': [['run', 'good.yaml', '--resolve', 'old-shop'], 2, /'old-shop' is invalid\. Write it like/],
  'a Service that nobody uses': [
    ['run', 'good.yaml', '--resolve', 'old=[::1]:80'],
    2,
    /--resolve old=\.\.\.: no backend uses a Service of that name/,
  ],
  'a Secret without its directory': [['run', 'good.yaml', '--secret', 'shop-tls'], 2, /'shop-tls' is invalid\. Write it like shop-tls=/],
  'a Secret that nobody uses': [['run', 'good.yaml', '-s', 'tls=.'], 2, /--secret tls=\.\.\.: no resource uses a Secret of that name/],
  'operator without an image': [['operator'], 2, /--balancer-image \(or EVENKEEL_IMAGE\) is missing/],
  'operator with no worker': [['operator', '--workers', '0'], 2, /'0' is invalid\. A number of workers/],
  'operator with an unknown log level': [['operator', '--log-level', 'loud'], 2, /'loud' is invalid\. Allowed choices/],
  'balancer without what the operator gives it': [['balancer'], 2, /--service is missing; the operator gives it/],
};

describe('wrong use: exit code 2', () => {
  for (const [sentence, [words, code, line]] of Object.entries(USE)) {
    test(sentence, async () => assertOneLine(await run(words), code, line));
  }
  test('an environment variable that makes no sense is named', async () => {
    assertOneLine(await run(['hello'], { PORT: 'http' }), 2, /value 'http' from env 'PORT' is invalid/);
  });
});

/** What is wrong with a file: `run` and `validate` say the same. */
const FILES: Record<string, readonly [file: string, line: RegExp]> = {
  'a file that is not there': ['nowhere.yaml', /there is no file nowhere\.yaml/],
  'a directory': ['directory', /directory is a directory: give the files in it/],
  'not YAML': ['not-yaml.yaml', /not-yaml\.yaml:\d+:\d+: is not YAML: /],
  'nothing in it': ['empty.yaml', /empty\.yaml:1:1: is empty; a LoadBalancedService is expected/],
  'another kind': ['other-kind.yaml', /other-kind\.yaml:2:1: kind: unknown kind Service; only LoadBalancedService can be used here/],
  'an unknown version': [
    'other-version.yaml',
    /other-version\.yaml:1:1: apiVersion: unknown version evenkeel\.dev\/v1; evenkeel\.dev\/v1alpha1 is the one/,
  ],
  'an unknown field': [
    'unknown-field.yaml',
    /unknown-field\.yaml:12:7: spec\.backends\[0\]\.deployment\.replica: unknown field; did you mean replicas\?/,
  ],
  'a value that a rule forbids': ['wrong-value.yaml', /wrong-value\.yaml:18:\d+: spec\.heartbeat\.?\w*: .*timeout/],
};

describe('a file that is wrong: exit code 1', () => {
  for (const [sentence, [file, line]] of Object.entries(FILES)) {
    test(sentence, async () => {
      const [ran, validated] = await Promise.all([run(['run', file]), run(['validate', file])]);
      assertOneLine(ran, 1, line);
      assert.deepEqual(validated, ran);
    });
  }

  test('a file that may not be read', { skip: process.getuid?.() === 0 ? 'root may read everything' : false }, async () => {
    folder.write('secret.yaml', GOOD);
    chmodSync(join(folder.path, 'secret.yaml'), 0);
    assertOneLine(await run(['run', 'secret.yaml']), 1, /secret\.yaml may not be read by this user/);
  });

  test('two mistakes are two lines', async () => {
    const { code, stdout, stderr } = await run(['validate', 'two-mistakes.yaml']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.deepEqual(stderr.match(/two-mistakes\.yaml:\d+/g), ['two-mistakes.yaml:12', 'two-mistakes.yaml:18']);
  });

  test('two files with a resource of one name', async () => {
    assertOneLine(
      await run(['run', 'good.yaml', 'again.yaml']),
      1,
      /again\.yaml:3:12: metadata\.name: shop is the name of another resource too \(good\.yaml:3:12\)/,
    );
  });
});

const LOCAL: Record<string, Case> = {
  'an image without a command': [
    ['run', 'no-command.yaml'],
    1,
    /no-command\.yaml:16:13: .*container "web" has no command: without a cluster image "nginx" is not run/,
  ],
  'a Service': [
    ['run', 'service.yaml'],
    1,
    /service\.yaml:8:\d+: .*there is no Service old-shop without a cluster: .*--resolve old-shop=HOST:PORT/,
  ],
  'a Secret': [
    ['run', 'https.yaml'],
    1,
    /https\.yaml:6:\d+: .*there is no Secret shop-tls without a cluster: .*--secret shop-tls=DIRECTORY/,
  ],
  'a Secret whose files are not there': [
    ['run', 'https.yaml', '--secret', 'shop-tls=directory'],
    1,
    /https\.yaml:6:\d+: Secret shop-tls: it is missing or has no tls\.crt \(there is no directory\/tls\.crt\)/,
  ],
  'a program that is not there': [
    ['run', 'no-program.yaml'],
    1,
    /no-program\.yaml:17:13: the servers of backend web cannot be started: there is no program evenkele/,
  ],
  'a directory that is not there': [['run', 'no-directory.yaml'], 1, /there is no program .* or no directory \/no\/such\/place/],
  'two resources on one port': [
    ['run', 'good.yaml', 'blog.yaml'],
    1,
    /blog\.yaml:6:18: blog\/http and shop\/http would both listen on port 20000/,
  ],
  'a port in use': [
    ['run', 'good.yaml', '-p', `http=${takenPort}`],
    1,
    new RegExp(
      `port ${takenPort} of 127\\.0\\.0\\.1 \\(http in spec\\.ports\\) is in use by another program: stop that, or listen elsewhere with --port http=${takenPort + 1}`,
    ),
  ],
  'an address of another machine': [
    ['run', 'good.yaml', '--address', '192.0.2.1'],
    1,
    /192\.0\.2\.1 .*not an address of this machine; give another with --address/,
  ],
  'an admin port in use': [
    ['run', 'good.yaml', '--admin-port', String(takenPort)],
    1,
    /is in use by another program: stop that, or give another with --admin-port/,
  ],
  'an admin port that is a port of the resource': [
    ['run', 'good.yaml', '--admin-port', '20000'],
    1,
    /shop\/http would listen on port 20000, which --admin-port takes: move one of them/,
  ],
  'hello on a port in use': [
    ['hello', '-a', '127.0.0.1', '-p', String(takenPort)],
    1,
    /is in use by another program: stop that, or choose another with --port/,
  ],
  'hello on an address of another machine': [['hello', '-a', '192.0.2.1'], 1, /not an address of this machine/],
};

describe('what cannot be run on this machine: exit code 1, and nothing is left running', () => {
  for (const [sentence, [words, code, line]] of Object.entries(LOCAL)) {
    test(sentence, async () => assertOneLine(await run(words), code, line));
  }

  test('a port that this user may not listen on', {
    skip: unprivilegedPortStart() <= 80 ? 'this user may listen on every port' : false,
  }, async () => {
    assertOneLine(
      await run(['run', 'good.yaml', '-p', 'http=80']),
      1,
      /port 80 .*may not be listened on by this user: listen elsewhere with --port http=8080/,
    );
  });

  test('servers that did start are ended when others cannot be', async () => {
    assertOneLine(await run(['run', 'half.yaml']), 1, /the servers of backend other cannot be started: there is no program evenkele/);
    for (const port of [20_080, 20_081]) await assert.rejects(fetch(`http://127.0.0.1:${port}/`), `nobody listens on ${port}`);
  });
});

describe('a cluster that cannot be had: exit code 1', () => {
  const operator = ['operator', '--balancer-image', 'x', '--admin-port', '0'];
  test('none is configured', async () => {
    assertOneLine(await run(operator), 1, /no cluster to reach: there is no --kubeconfig, no \$KUBECONFIG, no ~\/\.kube\/config/);
  });
  test('a kubeconfig that is not there', async () => {
    assertOneLine(await run([...operator, '--kubeconfig', 'nowhere']), 1, /cannot read the kubeconfig nowhere/);
  });
  test('a kubeconfig that is none', async () => {
    assertOneLine(await run([...operator, '--kubeconfig', 'kubeconfig.yaml']), 1, /cannot read the kubeconfig kubeconfig\.yaml/);
  });
  test('a context that is not there', async () => {
    assertOneLine(
      await run([...operator, '--kubeconfig', kubeconfig('http://127.0.0.1:1'), '--context', 'b']),
      1,
      /there is no context "b" in .*; there are: a/,
    );
  });
  test('an admin port in use', async () => {
    const words = [
      'operator',
      '--balancer-image',
      'x',
      '--address',
      '127.0.0.1',
      '--admin-port',
      String(takenPort),
      '--kubeconfig',
      kubeconfig('http://127.0.0.1:1'),
    ];
    assertOneLine(await run(words), 1, /is in use by another program: stop that, or choose another with --admin-port/);
  });
  test('balancer outside of a pod', async () => {
    const words = ['balancer', '--service', 'a', '--configmap', 'b', '--namespace', 'c', '--pod-name', 'd', '--pod-uid', 'e'];
    assertOneLine(await run(words), 1, /this process runs in no pod of a cluster/);
  });
  // Rights and API servers that are only just coming up get some seconds, so these two take as long.
  test('one that does not answer', async () => {
    assertOneLine(
      await run([...operator, '--kubeconfig', kubeconfig(`http://127.0.0.1:${await closedPort()}`)]),
      1,
      /^evenkeel: cannot reach the Kubernetes API at http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/,
    );
  });
  test('one where this user may do nothing: the message says what', async () => {
    const { port } = forbidding.address() as AddressInfo;
    assertOneLine(
      await run([...operator, '--kubeconfig', kubeconfig(`http://127.0.0.1:${port}`)]),
      1,
      /^evenkeel: cannot list loadbalancedservices\.evenkeel\.dev: .*User "nobody" cannot list it \(403 Forbidden\)/,
    );
  });
  test('one where this user may do some of it only: the message says what is missing', async () => {
    for (const plural of ['loadbalancedservices', 'balancerreports', 'pods']) allowed.add(plural);
    const { port } = forbidding.address() as AddressInfo;
    assertOneLine(
      await run([...operator, '--kubeconfig', kubeconfig(`http://127.0.0.1:${port}`)]),
      1,
      /^evenkeel: cannot list deployments\.apps: .* \(403 Forbidden\)/,
    );
    allowed.clear();
  });
});

test('EVENKEEL_DEBUG=1 shows where a failure came from', async () => {
  const { stderr } = await run(['run', 'nowhere.yaml'], { EVENKEEL_DEBUG: '1' });
  assert.match(stderr, /^evenkeel: there is no file nowhere\.yaml\n.*\n +at /);
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The lowest port that a process without rights may listen on. */
function unprivilegedPortStart(): number {
  if (process.getuid?.() === 0) return 0;
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  } catch {
    return process.platform === 'darwin' ? 0 : 1024;
  }
}
