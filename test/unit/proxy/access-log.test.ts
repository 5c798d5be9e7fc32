import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { type AccessEntry, JsonAccessLog } from '../../../src/proxy/access-log.ts';

const entry: AccessEntry = {
  listener: 'http',
  client: '127.0.0.1',
  method: 'GET',
  target: '/a"b\\',
  status: 200,
  durationMs: 1.2345,
  endpoint: '10.0.0.1:8080',
  attempts: 2,
  failure: '',
};

test('each entry is one line of JSON, and lines go out together', () => {
  const out = new PassThrough();
  const log = new JsonAccessLog(out);
  log.write(entry);
  log.write({ ...entry, status: 499, failure: 'ClientGone' });
  assert.equal(out.read(), null);
  log.flush();
  const lines = String(out.read()).trim().split('\n');
  const [first, second] = lines.map((line) => JSON.parse(line) as AccessEntry & { time: string });
  assert.equal(lines.length, 2);
  assert.equal(first?.target, '/a"b\\');
  assert.equal(first?.durationMs, 1.23);
  assert.match(first?.time ?? '', /Z$/);
  assert.equal(second?.failure, 'ClientGone');
});

test('what is not plain ASCII is escaped, so that every line is JSON and text at once', () => {
  const out = new PassThrough();
  const log = new JsonAccessLog(out);
  const target = '/\x00\x1f"\\\x7f\xe9\u2028\ud83d';
  log.write({ ...entry, target });
  log.flush();
  const line = (out.read() as Buffer).toString('latin1');
  assert.match(line, /^[ -~]+\n$/);
  assert.equal((JSON.parse(line) as AccessEntry).target, target);
});

test('lines that went out are left alone by those that come after, however long they are', () => {
  const out = new PassThrough();
  const log = new JsonAccessLog(out);
  const targets = ['/a', `/${'b'.repeat(100_000)}`, '/c', `/${'d'.repeat(30_000)}`, '/e'];
  for (const target of targets) {
    log.write({ ...entry, target });
    if (target === '/a') log.flush();
  }
  log.flush();
  const lines = String(out.read()).trim().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as AccessEntry).target),
    targets,
  );
});

test('close lets the last lines out', async () => {
  const out = new PassThrough();
  const log = new JsonAccessLog(out);
  log.write(entry);
  await log.close();
  assert.match(String(out.read()), /"target"/);
});

test('where nobody reads the log, lines are dropped and counted, not held', () => {
  const out = new PassThrough({ highWaterMark: 1 });
  const log = new JsonAccessLog(out);
  const target = `/${'x'.repeat(1_000_000)}`;
  for (let each = 0; each < 8; each++) log.write({ ...entry, target });
  assert.ok(out.writableLength + out.readableLength < 7_000_000);
  out.resume();
  out.read();
  let text = '';
  out.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return new Promise<void>((resolve) => {
    setImmediate(() => {
      log.write(entry);
      log.flush();
      setImmediate(() => {
        assert.match(text, /"dropped":[1-9]/);
        resolve();
      });
    });
  });
});
