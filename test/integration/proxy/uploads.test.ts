import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { mock, test } from 'node:test';
import type { ListenerConfig, ListenerTlsConfig, RetryMethods } from '../../../src/model/config.ts';
import { createCertificate } from '../../support/certificate.ts';
import { RawClient } from '../../support/raw-client.ts';
import { RecordingServer } from '../../support/recording-server.ts';
import { MountedSecrets } from '../../support/secrets.ts';
import { serve } from '../../support/serving.ts';
import { balancerConfig, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

/** Far more than the system's own buffers hold. */
const PARTS = 2048;
/** Of no length that divides a buffer's: bytes of another read are other bytes at every place. */
const PART_BYTES = 4093;
const UPLOADS = 12;
const LOCAL = createCertificate();

function partOf(index: number): Buffer {
  return Buffer.from(Array.from({ length: PART_BYTES }, (_, each) => (index * 31 + each * 7) & 0xff));
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

interface Case {
  readonly length: boolean;
  readonly method: string;
  readonly retryMethods: RetryMethods;
  readonly secure?: true;
}

const CASES: Record<string, Case> = {
  'with a length': { length: true, method: 'POST', retryMethods: 'Safe' },
  'over TLS': { length: true, method: 'POST', retryMethods: 'Safe', secure: true },
  'in chunks': { length: false, method: 'POST', retryMethods: 'Safe' },
  'that may be sent again while they are small': { length: true, method: 'PUT', retryMethods: 'Idempotent' },
};

for (const [sentence, { length, method, retryMethods, secure }] of Object.entries(CASES)) {
  test(`each of many uploads that are taken slowly, in turns and over shared connections arrives byte for byte, ${sentence}`, async () => {
    await using server = await serve(async (received, answer) => {
      const index = Number(received.url?.slice(1));
      // By now others' uploads have come, and have been read into the buffers that this one's was read into, had it left them.
      if (index % 3 === 0) await turns(40);
      const chunks: Buffer[] = [];
      for await (const chunk of received) {
        chunks.push(chunk as Buffer);
        if (index % 2 === 0) await turns(1);
      }
      const same = Buffer.concat(chunks).equals(Buffer.concat(Array<Buffer>(PARTS).fill(partOf(index))));
      answer.end(same ? 'same' : 'other');
    });
    using mounted = new MountedSecrets();
    mounted.write('local', { 'tls.crt': LOCAL.cert, 'tls.key': LOCAL.key });
    const tls: ListenerTlsConfig = { certificates: [mounted.certificate('local')], minVersion: '1.3', clientCa: null };
    const listeners: Partial<ListenerConfig>[] = secure ? [{ protocol: 'HTTPS', tls }] : [{}];
    await using started = await startBalancer([server.port], balancerConfig({ failover: { retryMethods }, listeners }));

    async function upload(index: number): Promise<void> {
      const headers: Record<string, string> = length ? { 'Content-Length': String(PARTS * PART_BYTES) } : {};
      const options = { port: started.port, host: '127.0.0.1', path: `/${index}`, method, headers, agent: false } as const;
      const sent = secure ? requestSecurely({ ...options, rejectUnauthorized: false }) : request(options);
      const response = once(sent, 'response') as Promise<[IncomingMessage]>;
      const part = partOf(index);
      for (let each = 0; each < PARTS; each++) if (!sent.write(part)) await once(sent, 'drain');
      sent.end();
      const [answer] = await response;
      const said: Buffer[] = [];
      for await (const chunk of answer) said.push(chunk as Buffer);
      assert.equal(Buffer.concat(said).toString(), 'same', `upload ${index}`);
    }

    for (let round = 0; round < 2; round++) await Promise.all(Array.from({ length: UPLOADS }, (_, index) => upload(index)));
  });
}

test('a body in small pieces that may be sent again takes up no buffer for each of them', async () => {
  await using server = await RecordingServer.start();
  await using started = await startBalancer([server.port], balancerConfig({ failover: { retryMethods: 'Idempotent' } }));
  using client = await RawClient.connect(started.port);
  const allocations = mock.method(Buffer, 'allocUnsafeSlow');
  try {
    client.say('PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: 10000\r\n\r\n');
    for (let piece = 1; piece <= 100; piece++) {
      await until(() => server.received.split('\r\n\r\n')[1]?.length === (piece - 1) * 100, 'the piece before has arrived');
      client.say('x'.repeat(100));
    }
    await until(() => server.received.endsWith('x'.repeat(10_000)), 'all of it has arrived');
    const taken = allocations.mock.calls.filter(({ arguments: [bytes] }) => bytes === 65_536).length;
    assert.ok(taken < 10, `${taken} buffers to read into for 100 pieces`);
  } finally {
    allocations.mock.restore();
  }
});
