/** What a server receives of a proper request, byte for byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Http2Client } from '../../support/http2-client.ts';
import { RawClient } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { endpointAt, startBalancer } from '../../support/start-balancer.ts';

const FORWARDING =
  'Via: 1.1 NAME\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop\r\n' +
  'Forwarded: for=127.0.0.1;host=shop;proto=http\r\n';

/** What the client sends; what the server gets. */
const FORWARDED: Record<string, [sent: string, received: string]> = {
  'a plain request': ['GET /a HTTP/1.1\r\nHost: shop\r\nA: 1\r\n\r\n', `GET /a HTTP/1.1\r\nHost: shop\r\nA: 1\r\n${FORWARDING}\r\n`],
  '[4] chunked in any case': [
    'POST / HTTP/1.1\r\nHost: shop\r\ntransfer-encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    `POST / HTTP/1.1\r\nHost: shop\r\n${FORWARDING}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  ],
  '[11] an absolute target of the same host': [
    'GET http://shop/a HTTP/1.1\r\nHost: shop\r\n\r\n',
    `GET /a HTTP/1.1\r\nHost: shop\r\n${FORWARDING}\r\n`,
  ],
  '[17] chunk extensions are dropped': [
    'POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0;c\r\n\r\n',
    `POST / HTTP/1.1\r\nHost: shop\r\n${FORWARDING}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  ],
  '[18] trailers are dropped, and announced to nobody': [
    'POST / HTTP/1.1\r\nHost: shop\r\nTrailer: Host\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n' +
      '0\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\nHost: evil\r\n\r\n',
    `POST / HTTP/1.1\r\nHost: shop\r\n${FORWARDING}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  ],
  '[20] Connection names Host and Content-Length: neither is lost': [
    'POST / HTTP/1.1\r\nHost: shop\r\nConnection: host, content-length, x-mine\r\nContent-Length: 5\r\nX-Mine: 1\r\nX-Yours: 2\r\n\r\nhello',
    `POST / HTTP/1.1\r\nHost: shop\r\nX-Yours: 2\r\n${FORWARDING}Content-Length: 5\r\n\r\nhello`,
  ],
  'hop-by-hop fields and what the client claims of others are replaced': [
    'GET / HTTP/1.1\r\nHost: shop\r\nKeep-Alive: 1\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\n' +
      'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nForwarded: for=6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: shop\r\n${FORWARDING}\r\n`,
  ],
  '[39] Upgrade: h2c is not passed on': [
    'GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: shop\r\n${FORWARDING}\r\n`,
  ],
  '[50] HTTP/1.0 without Host': [
    'GET / HTTP/1.0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: SERVER\r\nVia: 1.0 NAME\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nForwarded: for=127.0.0.1;proto=http\r\n\r\n',
  ],
};

for (const [sentence, [sent, received]] of Object.entries(FORWARDED)) {
  test(`forwarded: ${sentence}`, async () => {
    await using server = await ScriptedServer.start(named('answered'));
    await using started = await startBalancer([server.port]);
    using client = await RawClient.connect(started.port);
    assert.match(
      await client.say(sent).hear(/[\s\S]*answered/),
      /^HTTP\/1\.1 200 Said\r\nContent-Length: 8\r\n(Connection: close\r\n)?\r\nanswered$/,
    );
    const name = /Via: 1\.[01] (.*)\r\n/.exec(server.bytes[0] ?? '')?.[1] ?? 'no Via';
    assert.deepEqual(server.bytes, [received.replaceAll('NAME', name).replaceAll('SERVER', `127.0.0.1:${server.port}`)]);
  });
}

test('[52] a request that comes back to the same balancer is answered with 508', async () => {
  await using started = await startBalancer([]);
  started.balancer.applyEndpoints([endpointAt(started.port)], false);
  using client = await RawClient.connect(started.port);
  await client.say('GET / HTTP/1.1\r\nHost: shop\r\n\r\n').hear(/^HTTP\/1\.1 508 [\s\S]*\n$/);
  client.heard = '';
  await client.say('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nx=1').hear(/^HTTP\/1\.1 508 [\s\S]*\n$/);
  assert.equal(client.ended, 'no');
  using other = await Http2Client.connect(started.port);
  assert.equal((await other.ask()).status, 508);
});
