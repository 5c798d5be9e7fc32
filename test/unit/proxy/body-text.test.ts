import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { around, writeCopy } from '../../../src/proxy/body-text.ts';

/** Takes what is written at once, or never; both as a socket's `write` sees it. */
class Sink extends Writable {
  readonly written: (Buffer | string)[] = [];
  readonly #stuck: boolean;

  constructor(stuck: boolean) {
    super({ decodeStrings: false, highWaterMark: 1_000_000 });
    this.#stuck = stuck;
  }

  override write(chunk: Buffer | string, ...rest: never[]): boolean {
    // A copy of what is taken at once, as the system makes one.
    this.written.push(this.#stuck || typeof chunk === 'string' ? chunk : Buffer.from(chunk));
    return super.write(chunk, ...rest);
  }

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    if (!this.#stuck) done();
  }

  get text(): string {
    return this.written.map((each) => (typeof each === 'string' ? each : each.toString('latin1'))).join('');
  }
}

/** The same part of a body again and again, each time in its own letter. */
function writeParts(sink: Sink, bytes: number, parts: string): void {
  for (const letter of parts) {
    const piece = Buffer.alloc(bytes, letter);
    writeCopy(sink as unknown as Socket, around('', true, bytes, false), [piece], bytes);
    // Whoever read it reads into it again.
    piece.fill('!');
  }
}

const expected = (bytes: number, parts: string) =>
  [...parts].map((letter) => `${bytes.toString(16)}\r\n${letter.repeat(bytes)}\r\n`).join('');

for (const bytes of [1, 4_095, 4_096, 15_360]) {
  test(`parts of ${bytes} bytes leave whole, whatever becomes of what they were read into`, () => {
    const sink = new Sink(false);
    writeParts(sink, bytes, 'abc');
    assert.equal(sink.text, expected(bytes, 'abc'));
  });
}

test('of a client that takes nothing one buffer is held; what waits behind it takes up no more than it is', () => {
  const sink = new Sink(true);
  writeParts(sink, 4_200, 'abcd');
  // For another client, meanwhile.
  writeParts(new Sink(false), 4_200, 'z');
  assert.deepEqual(
    sink.written.map((each) => (typeof each === 'string' ? each.length : each.buffer.byteLength)),
    [65_536, 4_208, 4_208, 4_208],
  );
  assert.equal(sink.text, expected(4_200, 'abcd'));
});
