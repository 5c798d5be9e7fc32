/** The interoperability tests of gRPC (https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md): its client through a balancer to its server. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { balancerConfig, startBalancer } from '../support/start-balancer.ts';
import { until } from '../support/until.ts';
import { cacheFolder } from './cache.ts';

const VERSION = 'v1.85.0';
const CASES = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
];

const folder = cacheFolder();
for (const each of ['client', 'server']) {
  const command = ['install', `google.golang.org/grpc/interop/${each}@${VERSION}`];
  execFileSync('go', command, { env: { ...process.env, GOBIN: join(folder, 'grpc') }, stdio: 'inherit' });
}
const port = await freePort();
const server = spawn(join(folder, 'grpc', 'server'), [`--port=${port}`], { stdio: 'ignore' });
try {
  const config = balancerConfig({ heartbeat: { check: { type: 'TCP', port: null } } });
  const backends = config.backends.map((backend) => ({ ...backend, protocol: 'HTTP2' as const }));
  await using started = await startBalancer([port], { ...config, backends });
  await until(() => started.balancer.endpoints()[0]?.state === 'Healthy', 'the server is healthy');
  let failed = 0;
  for (const name of CASES) {
    const passed = await passes(name, started.port);
    if (!passed) failed++;
    console.log(`${passed ? 'ok    ' : 'FAILED'} ${name}`);
  }
  console.log(`gRPC interop: ${CASES.length} cases, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  server.kill();
}

function passes(name: string, balancer: number): Promise<boolean> {
  const flags = ['--server_host=127.0.0.1', `--server_port=${balancer}`, `--test_case=${name}`];
  const client = spawn(join(folder, 'grpc', 'client'), flags, { stdio: ['ignore', 'ignore', 'inherit'] });
  const timer = setTimeout(() => client.kill(), 30_000);
  return new Promise((resolve) => {
    client.on('exit', (code) => {
      clearTimeout(timer);
      resolve(code === 0);
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
