/**
 * What a client of HTTP/2 may send: frames that are mostly right where they stand, sometimes one of the known tricks, then with a few bytes
 * changed. Mostly right, because what is wrong in ten places is refused at the first and tests nothing else.
 */
import fc from 'fast-check';
import { ACK, END_HEADERS, END_STREAM, FrameType, frame, PADDED, PREFACE, PRIORITY, settings, uint32 } from '../../support/http2-frames.ts';
import { pieces } from '../http1/grammar.ts';
import { indexed, literal, sizeUpdate } from './hpack-writing.ts';

/** One of `usual`, or, one time in `rarity`, one of `odd`. */
function mostly<T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>, rarity: number): fc.Arbitrary<T> {
  return fc.oneof({ weight: rarity - 1, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

const text = fc.oneof(fc.constantFrom('', 'a', '/', 'GET', 'no-cache'), fc.string({ maxLength: 30 }));
const fieldBytes = fc.oneof(
  fc.constantFrom(2, 3, 4, 5, 6, 7, 16, 19).map(indexed),
  fc
    .tuple(
      fc.constantFrom('indexing' as const, 'without' as const, 'never' as const),
      fc.constantFrom(1, 4, 28, 38, 58, 'x-a', 'te'),
      text,
      fc.boolean(),
    )
    .map(([kind, name, value, huffman]) => literal(kind, name, value, huffman)),
  fc.constant(Buffer.concat([literal('indexing', 'x-b', 'again'), indexed(62), indexed(62)])),
);
const oddBlock = fc.oneof(
  fc.constantFrom(
    indexed(0),
    indexed(62),
    indexed(200),
    sizeUpdate(4097),
    Buffer.from([0x00]),
    Buffer.from([0x00, 0x01, 0x61, 0x81, 0xff]),
  ),
  fc.constantFrom(Buffer.concat([sizeUpdate(0), sizeUpdate(4096), indexed(2)]), literal('never', 'x-large', 'x'.repeat(900))),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);
const block = mostly(
  fc.array(fieldBytes, { minLength: 1, maxLength: 6 }).map((fields) => Buffer.concat(fields)),
  oddBlock,
  30,
);

const padding = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.nat(20) },
  { weight: 1, arbitrary: fc.constant(255) },
);
/** Points at which a block is cut into CONTINUATIONs. */
const blockCuts = mostly(fc.constant<number[]>([]), fc.array(fc.nat(60), { minLength: 1, maxLength: 3 }), 4);
const size = fc.oneof({ weight: 8, arbitrary: fc.nat(60) }, { weight: 1, arbitrary: fc.constantFrom(16_384, 9_000, 0) });
const increment = mostly(fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant(70_000)), fc.constantFrom(0, 2 ** 31 - 1, 2 ** 31 + 5), 12);
const setting = mostly(
  fc
    .tuple(fc.constantFrom(1, 2, 3, 4, 5, 6, 9), fc.constantFrom(0, 1))
    .map(([id, low]): readonly [number, number] => [id, id === 5 ? 16_384 + low : low * 100 * (id === 2 ? 0 : 1)]),
  fc.tuple(fc.constantFrom(1, 2, 4, 5), fc.constantFrom(0, 2, 100_000, 2 ** 24, 2 ** 31 - 1, 2 ** 31)),
  12,
);
/** Of the streams that are open the one at this place, counted around; or a stream by its number, open or not. */
const which = mostly<{ place: number } | { id: number }>(
  fc.nat(5).map((place) => ({ place })),
  fc.constantFrom(0, 1, 2, 3, 5, 9, 99, 2 ** 31 - 1).map((id) => ({ id })),
  30,
);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant('open'),
      block,
      end: fc.boolean(),
      padding,
      priority: fc.boolean(),
      blockCuts,
      skipped: fc.nat(2),
    }),
  },
  { weight: 10, arbitrary: fc.record({ does: fc.constant('data'), which, size, end: fc.boolean(), padding }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('trailers'), which, block, padding, blockCuts }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('reset'), which, code: fc.nat(14) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('window'), which: mostly(which, fc.constant({ id: 0 }), 2), increment }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('settings'), values: fc.array(setting, { maxLength: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('bytes'),
      bytes: fc.constantFrom(
        frame(FrameType.Ping, 0, 0, Buffer.from('12345678')),
        frame(FrameType.Ping, ACK, 0, Buffer.from('12345678')),
        frame(FrameType.Settings, ACK, 0),
        frame(FrameType.Priority, 0, 7, Buffer.from([0, 0, 0, 1, 9])),
        frame(FrameType.Goaway, 0, 0, Buffer.alloc(10)),
        frame(0x77, 0xff, 3, Buffer.from('unknown')),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ type: fc.nat(10), flags: fc.nat(255), stream: fc.nat(9), payload: fc.uint8Array({ maxLength: 16 }) })
      .map(({ type, flags, stream, payload }) => ({ does: 'bytes' as const, bytes: frame(type, flags, stream, Buffer.from(payload)) })),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The streams as a client that keeps to the rules knows them. */
class Client {
  #next = 1;
  readonly #open: number[] = [];

  write(each: Step): Buffer {
    if (!('does' in each)) return Buffer.alloc(0);
    if ('bytes' in each) return each.bytes;
    if ('values' in each) return settings(...each.values);
    if ('skipped' in each) return this.#request(each);
    const id = this.#stream(each.which);
    if (id === null) return Buffer.alloc(0);
    if ('code' in each) return frame(FrameType.Reset, 0, this.#close(id), uint32(each.code));
    if ('increment' in each) return frame(FrameType.WindowUpdate, 0, id, uint32(each.increment));
    if ('block' in each) return head(this.#close(id), each.block, { ...each, end: true, priority: false });
    if (each.end) this.#close(id);
    const { flags, payload } = padded(Buffer.alloc(each.size, 'abcdefghijklm'), each.end ? END_STREAM : 0, each.padding);
    return frame(FrameType.Data, flags, id, payload);
  }

  #request(each: Extract<Step, { skipped: number }>): Buffer {
    const id = this.#next + (each.skipped === 2 ? 2 : 0);
    this.#next = id + 2;
    if (!each.end) this.#open.push(id);
    return head(id, each.block, each);
  }

  /** Null: none is open. */
  #stream(which: { place: number } | { id: number }): number | null {
    if ('id' in which) return which.id;
    return this.#open[which.place % this.#open.length] ?? null;
  }

  #close(id: number): number {
    const place = this.#open.indexOf(id);
    if (place >= 0) this.#open.splice(place, 1);
    return id;
  }
}

interface HeadForm {
  readonly end: boolean;
  readonly padding: number | null;
  readonly priority: boolean;
  readonly blockCuts: readonly number[];
}

function head(id: number, whole: Buffer, form: HeadForm): Buffer {
  const [first = whole, ...more] = pieces(whole, form.blockCuts);
  const start = form.priority ? Buffer.concat([Buffer.from([0, 0, 0, 0, 15]), first]) : first;
  const flag = (form.end ? END_STREAM : 0) | (form.priority ? PRIORITY : 0) | (more.length === 0 ? END_HEADERS : 0);
  const { flags, payload } = padded(start, flag, form.padding);
  const rest = more.map((piece, i) => frame(FrameType.Continuation, i === more.length - 1 ? END_HEADERS : 0, id, piece));
  return Buffer.concat([frame(FrameType.Headers, flags, id, payload), ...rest]);
}

function padded(data: Buffer, flags: number, padding: number | null): { flags: number; payload: Buffer } {
  if (padding === null || data.length + padding >= 16_384) return { flags, payload: data };
  return { flags: flags | PADDED, payload: Buffer.concat([Buffer.from([padding]), data, Buffer.alloc(padding)]) };
}

interface Mutation {
  readonly at: number;
  readonly removed: number;
  readonly inserted: readonly number[];
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(2000),
  removed: fc.constantFrom(0, 1, 1, 1, 2, 9),
  inserted: fc.oneof(
    { weight: 3, arbitrary: fc.array(fc.nat(255), { minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.array(fc.nat(255), { maxLength: 9 }) },
  ),
});

function mutated(wire: Buffer, mutations: readonly Mutation[]): Buffer {
  return mutations.reduce((bytes, { at, removed, inserted }) => {
    const from = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, from), Buffer.from(inserted), bytes.subarray(from + removed)]);
  }, wire);
}

/** The bytes of one client, from its preface on. */
export const clientBytes = fc
  .tuple(
    mostly(fc.constant(PREFACE), fc.constantFrom(PREFACE.slice(0, 20), 'GET / HTTP/1.1\r\n\r\n'), 40),
    mostly(
      fc.array(setting, { maxLength: 3 }).map((values) => settings(...values)),
      fc.constant(Buffer.alloc(0)),
      40,
    ),
    fc.array(step, { minLength: 2, maxLength: 16, size: 'max' }),
    mostly(fc.constant<Mutation[]>([]), fc.array(mutation, { minLength: 1, maxLength: 3 }), 3),
  )
  .map(([preface, first, steps, mutations]) => {
    const client = new Client();
    return mutated(Buffer.concat([Buffer.from(preface), first, ...steps.map((each) => client.write(each))]), mutations);
  });
