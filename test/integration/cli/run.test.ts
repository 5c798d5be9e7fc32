import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createCertificate } from '../../support/certificate.ts';
import { GET } from '../../support/raw-client.ts';
import { TlsClient } from '../../support/tls-client.ts';
import { until } from '../../support/until.ts';
import { childrenOf, Evenkeel, folderWith, helloBackend, isAlive, resourceFile } from './evenkeel.ts';

interface Answer {
  readonly status: number | undefined;
  readonly server: string | undefined;
}

function ask(port: string | number, path = '/', agent?: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = get({ host: '127.0.0.1', port, path, agent }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode, server: response.headers['x-server'] as string | undefined }));
    });
    asking.on('error', reject);
  });
}

/** Below those that the system takes for outgoing connections; each test has a hundred of its own. */
let nextHundred = 22_000;
const hundred = () => (nextHundred += 100);

async function running(file: string, flags: readonly string[] = ['--port', 'http=0']) {
  const folder = folderWith({ 'shop.yaml': file });
  const program = new Evenkeel(['run', 'shop.yaml', ...flags], { cwd: folder.path });
  const dispose = async () => {
    await program.stop();
    folder[Symbol.dispose]();
  };
  const [, port = ''] = await program.says(/listening on http:\/\/127\.0\.0\.1:(\d+)/).catch(async (error: unknown) => {
    await dispose();
    throw error;
  });
  return { program, folder, port, [Symbol.asyncDispose]: dispose };
}

const pidOf = async (program: Evenkeel, server: string) => Number((await program.says(new RegExp(`${server}: process (\\d+) listens`)))[1]);

describe('servers that it starts', () => {
  test('each replica gets a port and a name of its own, and its turn', async () => {
    await using it = await running(resourceFile({ backends: helloBackend(hundred(), 3) }));
    const names = new Set<string | undefined>();
    await until(async () => names.add((await ask(it.port)).server).size === 3, 'all three to answer');
    assert.deepEqual([...names].toSorted(), ['web-1', 'web-2', 'web-3']);
  });

  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    test(`${signal} of one fails no request, is told, and it comes back`, async () => {
      await using it = await running(resourceFile({ backends: helloBackend(hundred(), 3) }));
      const victim = await pidOf(it.program, 'web-2');
      const bad: Answer[] = [];
      let asked = 0;
      let stop = false;
      const load = (async () => {
        while (!stop) {
          const answer = await ask(it.port);
          asked += 1;
          if (answer.status !== 200) bad.push(answer);
        }
      })();
      await until(() => asked > 20, 'some requests');
      process.kill(victim, signal);
      await it.program.says(/Failover: .* is out of service: \w+, seen after \d+ ms; of the requests that it held, \d+ rescued, 0 lost/);
      if (signal === 'SIGSTOP') process.kill(victim, 'SIGCONT');
      await it.program.says(/Recovered: .* is back in service after/);
      stop = true;
      await load;
      assert.deepEqual(bad, []);
      if (signal === 'SIGKILL')
        assert.match(it.program.stdout, new RegExp(`web-2: process ${victim} was ended by SIGKILL: starting again in 0\\.2 s`));
    });
  }

  test('an HTTPS port shows the certificate in the directory of its Secret', async () => {
    const { cert, key } = createCertificate();
    const port = hundred();
    const file = resourceFile({ backends: helloBackend(port, 1) });
    using folder = folderWith({
      'shop.yaml': file.replace('port: 80}', 'port: 80, protocol: HTTPS, tls: {certificateRefs: [{name: shop-tls}]}}'),
      'tls.crt': cert,
      'tls.key': key,
    });
    await using program = new Evenkeel(['run', 'shop.yaml', '--port', 'http=0', '--secret', 'shop-tls=.'], { cwd: folder.path });
    const [, listener] = await program.says(/listening on https:\/\/127\.0\.0\.1:(\d+)/);
    using client = await TlsClient.connect(Number(listener), { ca: cert, rejectUnauthorized: true });
    await client.say(GET).hear('200 OK');
  });

  test('variables reach the command, expanded, and its output comes with its name', async () => {
    const port = hundred();
    const backends = `  - name: web
    type: Deployment
    ports: [{port: ${port}}]
    deployment:
      replicas: 1
      template:
        spec:
          containers:
          - name: web
            command: [sh, -c]
            args: ['echo "$(GREETING) $HOSTNAME $PORT_HTTP $(pwd)"; exec "$0" "$@"', '${process.execPath}', -e, "require('http').createServer((q, r) => r.end('x')).listen($(PORT), '127.0.0.1')"]
            workingDir: /
            env: [{name: WHO, value: world}, {name: GREETING, value: hello $(WHO) on $(PORT)}]`;
    await using it = await running(resourceFile({ backends }));
    await it.program.says(new RegExp(`\\[web-1\\] hello world on ${port} web-1 ${port} /\\n`), 'stderr');
  });

  test('ports that are taken are passed over', async () => {
    const port = hundred();
    const taken = createServer().listen(port, '127.0.0.1');
    await using it = await running(resourceFile({ backends: helloBackend(port, 1) }));
    await it.program.says(new RegExp(`web-1: process \\d+ listens on port ${port + 1}\\n`));
    taken.close();
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`on ${signal} what is under way is finished, and nothing is left running`, async () => {
      const it = await running(resourceFile({ backends: helloBackend(hundred(), 2) }));
      const children = await childrenOf(it.program.pid);
      assert.ok(children.length >= 2);
      const slow = ask(it.port, '/?delay=1s');
      await ask(it.port);
      const end = it.program.stop(signal);
      assert.equal((await slow).status, 200);
      assert.equal((await end).code, 0);
      await until(() => !children.some(isAlive), 'its servers to be gone');
      await it[Symbol.asyncDispose]();
    });
  }

  test('when it is killed itself, nothing is left running', async () => {
    const it = await running(resourceFile({ backends: helloBackend(hundred(), 2) }));
    const children = await childrenOf(it.program.pid);
    await it.program.stop('SIGKILL');
    await until(() => !children.some(isAlive), 'its servers to be gone');
    await it[Symbol.asyncDispose]();
  });
});

describe('a file that changes', () => {
  test('is applied, and no connection is dropped', async () => {
    const port = hundred();
    await using it = await running(resourceFile({ backends: helloBackend(port, 1) }));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<number | undefined>();
    agent.on('free', (socket) => sockets.add(socket.localPort));
    assert.equal((await ask(it.port, '/', agent)).server, 'web-1');
    it.folder.write('shop.yaml', resourceFile({ backends: helloBackend(port, 2), more: '  strategy: {type: Random}\n' }));
    await it.program.says(/shop: generation 2 of the file is applied/);
    await it.program.says(/2\/2 endpoints healthy/);
    const names = new Set<string | undefined>();
    await until(async () => names.add((await ask(it.port, '/', agent)).server).size === 2, 'both servers to answer');
    assert.equal(sockets.size, 1, 'one connection for all of it');
    agent.destroy();
  });

  test('a changed command replaces the servers, and a slow request on an old one is finished', async () => {
    const port = hundred();
    await using it = await running(resourceFile({ backends: helloBackend(port, 1) }));
    const old = await pidOf(it.program, 'web-1');
    const slow = ask(it.port, '/?delay=2s');
    it.folder.write('shop.yaml', resourceFile({ backends: helloBackend(port, 1, ['--status', '201']) }));
    await until(async () => (await ask(it.port)).status === 201, 'the new server to answer');
    assert.deepEqual(await slow, { status: 200, server: 'web-1' });
    await until(() => !isAlive(old), 'the old server to be gone');
  });

  test('fewer replicas: those that are too many go when they have finished', async () => {
    const port = hundred();
    await using it = await running(resourceFile({ backends: helloBackend(port, 2) }));
    const second = await pidOf(it.program, 'web-2');
    it.folder.write('shop.yaml', resourceFile({ backends: helloBackend(port, 1) }));
    await until(() => !isAlive(second), 'the second server to be gone');
    assert.equal((await ask(it.port)).server, 'web-1');
  });

  test('while it is wrong the old one goes on, and the mistake is told', async () => {
    const port = hundred();
    await using it = await running(resourceFile({ backends: helloBackend(port, 1) }));
    it.folder.write('shop.yaml', resourceFile({ backends: helloBackend(port, 1), more: '  strategy: {typ: Random}\n' }));
    await it.program.says(/shop\.yaml:19:14: spec\.strategy\.typ: unknown field; did you mean type\?/, 'stderr');
    assert.equal((await ask(it.port)).status, 200);
    it.folder.write('shop.yaml', resourceFile({ backends: helloBackend(port, 1), more: '  strategy: {type: Random}\n' }));
    await it.program.says(/generation 2 of the file is applied/);
  });

  test('servers that cannot be started: the old ones go on', async () => {
    const port = hundred();
    await using it = await running(resourceFile({ backends: helloBackend(port, 1) }));
    it.folder.write('shop.yaml', resourceFile({ backends: helloBackend(port, 1).replace('"evenkeel"', '"evenkele"') }));
    await it.program.says(
      /shop\.yaml:17:13: the servers of backend web cannot be started: there is no program evenkele; shop goes on as before/,
      'stderr',
    );
    assert.equal((await ask(it.port)).server, 'web-1');
  });

  test('a port that another program has is listened on once that has gone, and where that is is told', async () => {
    const port = hundred();
    const file = (front: number) => resourceFile({ port: front, backends: helloBackend(port, 1) });
    await using it = await running(file(port + 50), []);
    const other = createServer().listen(port + 60, '127.0.0.1');
    it.folder.write('shop.yaml', file(port + 60));
    await it.program.says(new RegExp(`port ${port + 60} of 127\\.0\\.0\\.1 .* is in use by another program`), 'stderr');
    assert.equal((await ask(port + 50)).status, 200);
    other.close();
    await it.program.says(new RegExp(`shop: listening on http://127\\.0\\.0\\.1:${port + 60}`));
    assert.equal((await ask(port + 60)).status, 200);
    assert.equal(it.program.stderr.match(/is in use by another program/g)?.length, 1, 'told once');
  });

  test('is gone: that is told once, and what it said goes on', async () => {
    const port = hundred();
    await using it = await running(resourceFile({ backends: helloBackend(port, 1) }));
    rmSync(join(it.folder.path, 'shop.yaml'));
    await it.program.says(/evenkeel: there is no file shop\.yaml any more: what it said goes on; Ctrl-C ends it/, 'stderr');
    assert.equal((await ask(it.port)).status, 200);
    it.folder.write('shop.yaml', resourceFile({ backends: helloBackend(port, 1), more: '  strategy: {type: Random}\n' }));
    await it.program.says(/generation 2 of the file is applied/);
    assert.equal(it.program.stderr.match(/there is no file/g)?.length, 1, 'told once');
  });

  test('resources come and go', async () => {
    const port = hundred();
    const shop = resourceFile({ backends: helloBackend(port, 1) });
    await using it = await running(shop, ['--port', 'shop/http=0']);
    const blog = resourceFile({ name: 'blog', port: port + 50, backends: helloBackend(port + 10, 1, ['--status', '202']) });
    it.folder.write('shop.yaml', `${shop}---\n${blog}`);
    await it.program.says(/blog: is added: http:\/\/127\.0\.0\.1:\d+/);
    assert.equal((await ask(port + 50)).status, 202);
    it.folder.write('shop.yaml', shop);
    await it.program.says(/blog: is not in the files any more/);
    await until(
      async () =>
        ask(port + 50).then(
          () => false,
          () => true,
        ),
      'its port to be closed',
    );
    assert.equal((await ask(it.port)).status, 200);
  });
});

describe('servers that run already', () => {
  test('addresses, and Services that are resolved', async () => {
    await using one = new Evenkeel(['hello', '--port', '0', '--address', '127.0.0.1', '--name', 'one']);
    await using two = new Evenkeel(['hello', '--port', '0', '--address', '127.0.0.1', '--name', 'two']);
    const [, first] = await one.says(/on port (\d+)/);
    const [, second] = await two.says(/on port (\d+)/);
    const backends = `  - {name: fixed, type: Addresses, addresses: [{host: localhost, port: ${first}}]}
  - {name: legacy, type: Service, ports: [{port: 80}], serviceRef: {name: old-shop}}`;
    await using it = await running(resourceFile({ backends }), ['--port', 'http=0', '--resolve', `old-shop=127.0.0.1:${second}`]);
    const names = new Set<string | undefined>();
    await until(async () => names.add((await ask(it.port)).server).size === 2, 'both servers to answer');
  });
});

describe('output', () => {
  test('json: an object a line, each time that the status changes, and nothing else', async () => {
    using folder = folderWith({ 'shop.yaml': resourceFile({ backends: helloBackend(hundred(), 2) }) });
    const program = new Evenkeel(['run', 'shop.yaml', '--port', 'http=0', '-o', 'json'], { cwd: folder.path });
    await program.says(/"endpoints":"2\/2"/);
    const { stdout, code } = await program.stop();
    assert.equal(code, 0);
    const objects = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; metadata: object; status: { summary: object } });
    const last = objects.at(-1);
    assert.equal(last?.kind, 'LoadBalancedService');
    assert.deepEqual(objects.find(({ status }) => JSON.stringify(status).includes('2/2'))?.status.summary, {
      endpoints: '2/2',
      balancers: '1/1',
      strategy: 'RoundRobin',
    });
    assert.equal(new Set(stdout.trimEnd().split('\n')).size, objects.length, 'no status twice');
  });

  test('yaml: documents', async () => {
    using folder = folderWith({ 'shop.yaml': resourceFile({ backends: helloBackend(hundred(), 1) }) });
    const program = new Evenkeel(['run', 'shop.yaml', '--port', 'http=0', '--output', 'yaml'], { cwd: folder.path });
    await program.says(/\n {4}endpoints: 1\/1\n/);
    assert.match((await program.stop()).stdout, /^---\napiVersion: evenkeel\.dev\/v1alpha1\nkind: LoadBalancedService\n/);
  });

  test('metrics, where they are asked for', async () => {
    await using it = await running(resourceFile({ backends: helloBackend(hundred(), 1) }), ['--port', 'http=0', '--admin-port', '0']);
    const [, url = ''] = await it.program.says(/metrics on (http:\/\/127\.0\.0\.1:\d+\/metrics)/);
    assert.match(await (await fetch(url)).text(), /^# (HELP|TYPE) evenkeel_/m);
  });

  test('a reader that goes away ends it', async () => {
    using folder = folderWith({ 'shop.yaml': resourceFile({ backends: helloBackend(hundred(), 1) }) });
    const program = new Evenkeel(['run', 'shop.yaml', '--port', 'http=0', '-o', 'json'], { cwd: folder.path });
    await program.says(/"endpoints":"1\/1"/);
    const children = await childrenOf(program.pid);
    program.child.stdout?.destroy();
    process.kill(Number((await program.says(/\[web-1\] .*/, 'stderr')) && children[0]), 'SIGKILL');
    const { code } = await program.ended;
    assert.equal(code, 0);
    await until(() => !children.some(isAlive), 'its servers to be gone');
  });
});
