import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Http2Client } from '../../support/http2-client.ts';
import { Http2Serving, say } from '../../support/http2-serving.ts';
import { GET, RawClient } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { Evenkeel, folderWith, resourceFile } from './evenkeel.ts';

/** Each takes megabytes, which a balancer is to have only where it speaks the protocol. What logs to JSON (winston) loads two of them. */
const HEAVY = ['http', 'http2', 'https', 'tls'];
/** At its end the process says on standard error what it has loaded of them. */
const TELL = `process.on('exit', () => console.error('loaded: ' + ${JSON.stringify(HEAVY)}.filter((name) => process.moduleLoadList.includes('NativeModule ' + name)).join()))`;

async function loadedAfter(server: { readonly port: number }, backend: string, traffic: (port: number) => Promise<void>): Promise<string> {
  const backends = `  - {name: web, type: Addresses, ${backend}addresses: [{host: 127.0.0.1, port: ${server.port}}]}`;
  // Heartbeats over HTTP speak HTTP/1.1, which not every server here does.
  using folder = folderWith({ 'shop.yaml': resourceFile({ backends }).replace(/type: HTTP, http: \{[^}]*\}/, 'type: TCP') });
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(TELL)}` };
  await using program = new Evenkeel(['run', 'shop.yaml', '--port', 'http=0'], { cwd: folder.path, env });
  const [, listener] = await program.says(/listening on http:\/\/127\.0\.0\.1:(\d+)/);
  await traffic(Number(listener));
  const { stderr } = await program.stop();
  return /loaded: (.*)/.exec(stderr)?.[1] ?? stderr;
}

test('a balancer of clear text has loaded neither TLS nor HTTP/2 of Node, nor what needs them, whichever version clients speak', async () => {
  await using server = await ScriptedServer.start(named('web'));
  const loaded = await loadedAfter(server, '', async (port) => {
    using client = await RawClient.connect(port);
    await client.say(GET).hear('HTTP/1.1 200 ');
    using newer = await Http2Client.connect(port);
    assert.equal((await newer.ask()).status, 200);
  });
  assert.equal(loaded, '');
});

test('HTTP/2 of Node is loaded when a server speaks it', async () => {
  await using server = await Http2Serving.start(say('web'));
  const loaded = await loadedAfter(server, 'protocol: HTTP2, ', async (port) => {
    using client = await RawClient.connect(port);
    await client.say(GET).hear('HTTP/1.1 200 ');
  });
  assert.match(loaded, /\bhttp2\b/);
});
