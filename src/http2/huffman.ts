import { latin1 } from '../http1/bytes.ts';
import { CompressionError } from './compression-error.ts';

/**
 * The lengths in bits of the codes of RFC 7541 Appendix B, for the bytes 0 to 255 and EOS. They are all there is to know: the code is canonical,
 * its codes ascending with their length and, among equals, with the byte.
 */
export const CODE_LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10,
  12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7,
  7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22,
  23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22,
  23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20,
  24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const EOS = 256;
const SHORTEST_CODE = 5;
/** A padding has less bits than a byte (RFC 7541 §5.2). */
const MAX_PADDING = 7;
/** Strings that come are mostly shorter; a longer one gets memory of its own. */
const SCRATCH_BYTES = 4096;

/** Of an entry of the table: the state that follows, the byte that was completed, and what else there is to know. */
const STATE = 0xff;
const BYTE_SHIFT = 8;
const COMPLETES = 0x1_0000;
/** What was read since the last whole code is a valid padding. */
const MAY_END = 0x2_0000;
const REFUSED = 0x4_0000;

/** By state (an inner node of the code's tree) and the next four bits: 16 KiB, made when the first string comes that needs it. */
let table: Uint32Array | undefined;
let scratch: Buffer | undefined;

/** The string that the bytes from `start` to `end` encode, a character for each byte. Throws CompressionError. */
export function huffmanDecode(bytes: Buffer, start: number, end: number): string {
  table ??= buildTable(CODE_LENGTHS);
  const steps = table;
  const out = room(Math.floor(((end - start) * 8) / SHORTEST_CODE));
  let length = 0;
  let entry = MAY_END;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    // No code is shorter than five bits, so no step completes two.
    entry = steps[((entry & STATE) << 4) | (byte >> 4)] as number;
    if ((entry & COMPLETES) !== 0) out[length++] = entry >> BYTE_SHIFT;
    else if ((entry & REFUSED) !== 0) break;
    entry = steps[((entry & STATE) << 4) | (byte & 0xf)] as number;
    if ((entry & COMPLETES) !== 0) out[length++] = entry >> BYTE_SHIFT;
    else if ((entry & REFUSED) !== 0) break;
  }
  if ((entry & MAY_END) === 0) throw new CompressionError('a Huffman-coded string ends inside a code, is padded wrongly, or has EOS in it');
  return latin1(out, 0, length);
}

function room(bytes: number): Buffer {
  if (bytes > SCRATCH_BYTES) return Buffer.allocUnsafe(bytes);
  scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  return scratch;
}

/** Where a bit leads from an inner node: to another one, or, as a negative number, to the leaf of a byte. */
type Tree = [number, number][];

function buildTable(lengths: readonly number[]): Uint32Array {
  const tree = buildTree(lengths);
  const padding = paddingNodes(tree);
  const entries = new Uint32Array(tree.length << 4);
  for (let state = 0; state < tree.length; state++) {
    for (let bits = 0; bits < 16; bits++) entries[(state << 4) | bits] = walk(tree, padding, state, bits);
  }
  return entries;
}

function buildTree(lengths: readonly number[]): Tree {
  const tree: Tree = [[0, 0]];
  const symbols = lengths.map((_, symbol) => symbol).sort((a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b);
  let code = 0;
  let before = 0;
  for (const symbol of symbols) {
    const length = lengths[symbol] as number;
    code <<= length - before;
    before = length;
    let node = 0;
    for (let bit = length - 1; bit > 0; bit--) node = child(tree, node, (code >> bit) & 1);
    (tree[node] as [number, number])[code & 1] = ~symbol;
    code++;
  }
  return tree;
}

/** The root is nobody's child, so 0 says that there is none yet. */
function child(tree: Tree, node: number, bit: number): number {
  const pair = tree[node] as [number, number];
  if (pair[bit] === 0) pair[bit] = tree.push([0, 0]) - 1;
  return pair[bit] as number;
}

/** The root and what the first ones of EOS lead to: where a string may end. */
function paddingNodes(tree: Tree): Set<number> {
  const nodes = new Set<number>();
  for (let node = 0, bits = 0; bits <= MAX_PADDING; bits++) {
    nodes.add(node);
    node = (tree[node] as [number, number])[1];
  }
  return nodes;
}

function walk(tree: Tree, padding: ReadonlySet<number>, state: number, bits: number): number {
  let node = state;
  let completed = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = (tree[node] as [number, number])[(bits >> bit) & 1] as number;
    if (next >= 0) {
      node = next;
      continue;
    }
    if (~next === EOS) return REFUSED;
    completed = COMPLETES | (~next << BYTE_SHIFT);
    node = 0;
  }
  return node | completed | (padding.has(node) ? MAY_END : 0);
}
