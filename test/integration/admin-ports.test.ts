import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AdminServer as OperatorAdminServer } from '../../src/operator/admin-server.ts';
import { ask, GET_AND_CLOSE } from '../support/raw-client.ts';
import { named, ScriptedServer } from '../support/scripted-server.ts';
import { balancerConfig, startBalancer } from '../support/start-balancer.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'PURGE', 'SHUTDOWN', 'get'];
const SERVED = ['/healthz', '/readyz', '/metrics'];
/** Where admin ports of other programs change something, or tell what is nobody's business; and detours to what is served. */
const OTHERS = [
  '/',
  '/quitquitquit',
  '/shutdown',
  '/drain_listeners',
  '/healthcheck/fail',
  '/logging?level=debug',
  '/config',
  '/config_dump',
  '/debug/pprof/',
  '/-/reload',
  '/-/quit',
  '/runtime_modify?x=1',
  '/healthz/',
  '/HEALTHZ',
  '//healthz',
  '/healthz/../metrics',
  '/%68ealthz',
  '/metrics;x',
];
const BODY = '{"shutdown":true}';

/** Asks for every path by every method, with a body and without, and tells what came as `METHOD path: status`. */
async function askAll(port: number): Promise<Map<string, number>> {
  const answers = new Map<string, number>();
  for (const method of METHODS) {
    for (const path of [...SERVED, ...SERVED.map((path) => `${path}?shutdown=true`), ...OTHERS]) {
      for (const body of ['', BODY]) {
        const head = `${method} ${path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n${body && `Content-Length: ${body.length}\r\n`}\r\n`;
        const answer = await ask(port, head + body);
        answers.set(`${method} ${path}${body && ' with a body'}`, Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0));
      }
    }
  }
  return answers;
}

/** Only reading what is served is answered with anything but a refusal. */
function assertReadOnly(answers: ReadonlyMap<string, number>): void {
  for (const [question, status] of answers) {
    const [method = '', target = ''] = question.split(' ');
    const isRead = (method === 'GET' || method === 'HEAD') && SERVED.includes(target.split('?')[0] ?? '');
    if (isRead) assert.equal(status, 200, question);
    else assert.ok(status === 404 || status === 405 || status === 400 || status === 501 || status === 0, `${question}: ${status}`);
  }
}

suite('nothing on an admin port changes anything, whatever is asked of it', () => {
  test("a balancer's", async () => {
    await using server = await ScriptedServer.start(named('a'));
    await using started = await startBalancer([server.port], balancerConfig(), { adminPort: 0 });
    const { balancer, port } = started;
    const state = () =>
      JSON.stringify([balancer.notReady(), balancer.report().appliedGeneration, balancer.endpoints().map(({ endpoint }) => endpoint)]);
    const before = state();
    assertReadOnly(await askAll(balancer.adminPort));
    assert.equal(state(), before);
    assert.match(await ask(port, GET_AND_CLOSE), /\r\n\r\na$/);
    assert.equal(server.requests.length, 1, 'nothing of it went to a server');
  });

  test("an operator's", async () => {
    const asked: string[] = [];
    const note = <T>(what: string, answer: T) => {
      asked.push(what);
      return answer;
    };
    const admin = new OperatorAdminServer({
      address: '127.0.0.1',
      port: 0,
      dead: () => note('dead', null),
      unready: () => note('unready', null),
      metrics: () => note('metrics', 'a_metric 1\n'),
    });
    const port = await admin.listen();
    assertReadOnly(await askAll(port));
    await admin.close();
    // Each of the three is read by GET and HEAD, with a query and without, with a body and without.
    assert.deepEqual(
      Object.fromEntries(['dead', 'unready', 'metrics'].map((what) => [what, asked.filter((each) => each === what).length])),
      {
        dead: 8,
        unready: 8,
        metrics: 8,
      },
    );
  });
});

test('what the admin port tells is not to be had on the port that takes traffic', async () => {
  await using server = await ScriptedServer.start(named('a'));
  await using started = await startBalancer([server.port], balancerConfig(), { adminPort: 0 });
  // Of these the test's own server answers /healthz as it answers heartbeats.
  const paths = ['/readyz', '/metrics'];
  for (const path of paths) {
    assert.match(await ask(started.port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`), /\r\n\r\na$/, path);
  }
  assert.equal(server.requests.length, paths.length);
});
