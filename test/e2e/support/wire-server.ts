/**
 * A server of what the Hello World microservice does not speak. It runs as a pod, and imports nothing of ours: this one file is mounted there
 * (see wire-servers.ts).
 *   8080, 8081: HTTP/2 without TLS. `/grpc.health.v1.Health/Check` and `/test/Echo`, a stream both ways, are calls of gRPC; `/test/Fail` has the
 *         health service say NOT_SERVING from then on; anything else answers with the server's name.
 *   8443: TLS, where /tls has a certificate; answers the first bytes that come with the server's name.
 * Each answer over HTTP/2 has the name in X-Server, too.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer as createHttp2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { hostname } from 'node:os';
import { createServer as createTlsServer } from 'node:tls';

const NAME = hostname();
const SERVING = 1;
const NOT_SERVING = 2;
let health = SERVING;

/** Answers as gRPC does: whatever `answer` writes, then the status as a trailer. */
function call(stream: ServerHttp2Stream, answer: (done: () => void) => void): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'x-server': NAME }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  answer(() => stream.end());
}

function serve(stream: ServerHttp2Stream, { ':path': path }: IncomingHttpHeaders): void {
  stream.on('error', () => {});
  if (path === '/grpc.health.v1.Health/Check') {
    call(stream, (done) => {
      // A message of two bytes, uncompressed: field 1, the status.
      stream.write(Buffer.from([0, 0, 0, 0, 2, 8, health]));
      done();
    });
  } else if (path === '/test/Echo') {
    call(stream, (done) => stream.on('data', (chunk: Buffer) => stream.write(chunk)).on('end', done));
  } else {
    if (path === '/test/Fail') health = NOT_SERVING;
    stream.respond({ ':status': 200, 'content-length': NAME.length, 'x-server': NAME });
    stream.end(NAME);
  }
}

for (const port of [8080, 8081]) createHttp2Server().on('stream', serve).listen(port);

if (existsSync('/tls/tls.crt')) {
  const credentials = { cert: readFileSync('/tls/tls.crt'), key: readFileSync('/tls/tls.key') };
  createTlsServer(credentials, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(NAME));
  }).listen(8443);
}
