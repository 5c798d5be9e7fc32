/** Header blocks by hand, with everything that our encoder does not do. */
import { CODE_LENGTHS } from '../../../src/http2/huffman.ts';

export function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
}

/** RFC 7541 §5.1. `extra`: bytes of zero that a longer form than needed has at its end. */
export function integer(flags: number, bits: number, value: number, extra = 0): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.from([flags | value]);
  const out = [flags | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push(128 + (rest % 128));
  if (extra === 0) return Buffer.from([...out, rest]);
  return Buffer.from([...out, 128 + rest, ...new Array<number>(extra - 1).fill(128), 0]);
}

const SYMBOLS = CODE_LENGTHS.map((length, symbol) => ({ length, symbol })).sort((a, b) => a.length - b.length || a.symbol - b.symbol);
const CODES = new Map<number, string>();
let next = 0n;
let width = 0;
for (const { length, symbol } of SYMBOLS) {
  next <<= BigInt(length - width);
  width = length;
  CODES.set(symbol, next.toString(2).padStart(length, '0'));
  next++;
}

/** The code of a byte, or of EOS (256), as bits. */
export function code(symbol: number): string {
  return CODES.get(symbol) as string;
}

/** `bits`, filled up with ones. */
export function packed(bits: string): Buffer {
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Buffer.from(whole.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}

export function huffmanEncode(text: string): Buffer {
  return packed([...Buffer.from(text, 'latin1')].map(code).join(''));
}

export function string(text: string, huffman = false): Buffer {
  const data = huffman ? huffmanEncode(text) : Buffer.from(text, 'latin1');
  return Buffer.concat([integer(huffman ? 0x80 : 0, 7, data.length), data]);
}

export function indexed(index: number): Buffer {
  return integer(0x80, 7, index);
}

export function sizeUpdate(size: number): Buffer {
  return integer(0x20, 5, size);
}

const KINDS = { indexing: [0x40, 6], without: [0x00, 4], never: [0x10, 4] } as const;

/** `name`: a string, or the index of an entry with that name. */
export function literal(kind: keyof typeof KINDS, name: string | number, value: string, huffman = false): Buffer {
  const [flags, bits] = KINDS[kind];
  const parts = typeof name === 'number' ? [integer(flags, bits, name)] : [integer(flags, bits, 0), string(name, huffman)];
  return Buffer.concat([...parts, string(value, huffman)]);
}
