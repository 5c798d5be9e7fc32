import assert from 'node:assert/strict';
import { ProtocolError } from '../../../src/http1/types.ts';

/** What a reader made of some bytes: a value and the bytes it left alone, a refusal, or nothing yet. */
export type Outcome<T> =
  | { readonly value: T; readonly left: string }
  | { readonly refused: { readonly status: number; readonly code: string } }
  | 'incomplete';

/** Something that takes bytes in chunks; `end` is where, in the last chunk, the bytes begin that are not its own. */
export interface Subject<T> {
  feed(chunk: Buffer): T | null;
  readonly end: number;
}

function outcomeOf<T>(subject: Subject<T>, chunks: readonly Buffer[]): Outcome<T> {
  try {
    for (const [index, chunk] of chunks.entries()) {
      const value = subject.feed(chunk);
      if (value === null) {
        assert.equal(subject.end, chunk.length, 'a chunk that completes nothing is taken whole');
        continue;
      }
      const left = Buffer.concat([chunk.subarray(subject.end), ...chunks.slice(index + 1)]);
      return { value, left: left.toString('latin1') };
    }
    return 'incomplete';
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { refused: { status: error.status, code: error.code } };
  }
}

/** Chunks that are overwritten once the next one is fed, as a socket's read buffer is. */
function split(bytes: Buffer, ...points: number[]): Buffer[] {
  const edges = [0, ...points, bytes.length];
  return edges.slice(1).map((edge, i) => Buffer.from(bytes.subarray(edges[i], edge)));
}

/**
 * Feeds `wire` whole, with bytes after it, cut in two at every point, and byte by byte, to a new subject each time. All must come out
 * the same; that is the result.
 */
export function readEveryWay<T>(wire: string, create: () => Subject<T>): Outcome<T> {
  const bytes = Buffer.from(wire, 'latin1');
  const whole = outcomeOf(create(), [bytes]);
  for (let point = 1; point < bytes.length; point++) {
    assert.deepEqual(outcomeOf(create(), split(bytes, point)), whole, `cut in two at byte ${point}`);
  }
  const everyPoint = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1);
  assert.deepEqual(outcomeOf(create(), split(bytes, ...everyPoint)), whole, 'byte by byte');
  if (whole !== 'incomplete') {
    const trailing = outcomeOf(create(), [Buffer.concat([bytes, Buffer.from('\0trailing\r\n')])]);
    const expected = 'value' in whole ? { ...whole, left: `${whole.left}\0trailing\r\n` } : whole;
    assert.deepEqual(trailing, expected, 'with bytes after it');
  }
  return whole;
}

/** The value of a reading that must have succeeded. */
export function valueIn<T>(outcome: Outcome<T>): T {
  assert.ok(outcome !== 'incomplete' && 'value' in outcome, `not read: ${JSON.stringify(outcome)}`);
  return outcome.value;
}
