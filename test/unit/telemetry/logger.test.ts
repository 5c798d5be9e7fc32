import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createLogger } from '../../../src/telemetry/create-logger.ts';
import { describeError } from '../../../src/telemetry/logger.ts';

function capture() {
  const stream = new PassThrough();
  let written = '';
  stream.on('data', (chunk: Buffer) => {
    written += chunk.toString();
  });
  return { stream, lines: () => written.trim().split('\n') };
}

test('JSON lines carry the fields of the logger, of its child and of the call', () => {
  const { stream, lines } = capture();
  createLogger({ level: 'info', format: 'json', stream, fields: { resource: 'shop' } })
    .child({ endpoint: '10.0.0.7:8080' })
    .warn('endpoint is out', { reason: 'HeartbeatTimeout' });
  const line = JSON.parse(lines()[0] ?? '') as Record<string, unknown>;
  assert.equal(line.message, 'endpoint is out');
  assert.equal(line.level, 'warn');
  assert.equal(line.resource, 'shop');
  assert.equal(line.endpoint, '10.0.0.7:8080');
  assert.equal(line.reason, 'HeartbeatTimeout');
  assert.match(String(line.timestamp), /^\d{4}-/);
});

test('lines below the level are left out', () => {
  const { stream, lines } = capture();
  const logger = createLogger({ level: 'warn', format: 'text', stream });
  logger.info('quiet');
  logger.error('loud');
  assert.equal(lines().length, 1);
  assert.match(lines()[0] ?? '', /ERROR loud$/);
});

test('an Error is logged by its code and message, without a stack', () => {
  const { stream, lines } = capture();
  const error = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
  createLogger({ level: 'info', format: 'text', stream }).error('cannot write', { error });
  assert.match(lines()[0] ?? '', /error=ECONNREFUSED: connection refused$/);
  assert.equal(describeError('plain'), 'plain');
});
