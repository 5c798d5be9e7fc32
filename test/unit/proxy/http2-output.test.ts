import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { FrameWriter } from '../../../src/http2/frame-writer.ts';
import { Http2Output } from '../../../src/proxy/http2-output.ts';

test('what is put together after the end goes nowhere, and does no harm to what was said before it', async () => {
  const said: Buffer[] = [];
  const written: (() => void)[] = [];
  const socket = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      said.push(Buffer.from(chunk));
      written.push(done);
    },
  });
  const errors: Error[] = [];
  socket.on('error', (error) => errors.push(error));
  const output = new Http2Output(socket as Socket, () => {});
  const writer = new FrameWriter(output);
  const bytes = Buffer.from('12345678');
  writer.acknowledgePing(bytes, 0);
  output.end();
  writer.acknowledgePing(bytes, 0);
  await new Promise(setImmediate);
  assert.equal(socket.destroyed, false);
  written.shift()?.();
  await new Promise((resolve) => socket.once('close', resolve));
  assert.deepEqual(errors, []);
  assert.equal(Buffer.concat(said).length, 9 + 8);
  assert.equal(output.length, 0);
});
