import { PreambleError } from './preamble-error.ts';
import { Vectors } from './vectors.ts';

/** What a client of TLS says before it knows whom it has reached: as much of it as tells where it wants to go. */
export interface ClientHello {
  /** The host that it asks for (SNI, RFC 6066 §3), in lower case; null: none. */
  readonly serverName: string | null;
}

/** Says that nobody here answers to the name that was asked for: a fatal alert, unrecognized_name (RFC 8446 §6). */
export const UNRECOGNIZED_NAME = Buffer.of(21, 3, 3, 0, 2, 2, 112);

/** It is no ClientHello, or one that two readers could take for different ones. */
export class ClientHelloError extends PreambleError {
  override readonly name = 'ClientHelloError';
}

/** RFC 8446 §5.1. */
const RECORD_HEADER = 5;
const HANDSHAKE = 22;
const PLAINTEXT_MOST = 16_384;
const MESSAGE_HEADER = 4;
const CLIENT_HELLO = 1;
/** Of the message. Those of browsers have up to 2 KiB, with a key share that is safe from a quantum computer. */
const HELLO_BYTES = 16_384;
/** One record holds it, unless somebody has reasons to cut it up; each costs a look whenever more of it comes. */
const RECORDS_MOST = 32;

const SERVER_NAME = 0;
const HOST_NAME = 0;
/** Letters, digits, hyphens, and the underscores that some names have; no dot at the end (RFC 6066 §3). */
const DNS_NAME = /^(?!.{254})[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?(\.[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?)*$/;

/**
 * The ClientHello (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2) that `bytes` begin with; null: there is more to come. What it offers to speak is
 * between the client and its server; how it is put together is checked whole, so that the server reads the same name in it.
 * @throws ClientHelloError as soon as it is certain that there is none
 */
export function readClientHello(bytes: Buffer): ClientHello | null {
  const message = readMessage(bytes);
  return message && { serverName: readHello(new Vectors(message, malformed)) };
}

/** The body of the first handshake message, put together from its records; null: it is not whole. */
function readMessage(bytes: Buffer): Buffer | null {
  const fragments: Buffer[] = [];
  let have = 0;
  let promised = 0;
  for (let offset = 0; ; offset = RECORD_HEADER * fragments.length + have) {
    if (fragments.length === RECORDS_MOST) throw new ClientHelloError('the ClientHello is cut into too many records');
    const record = readRecord(bytes, offset);
    if (record === null) return null;
    fragments.push(record.bytes);
    have += record.bytes.length;
    promised += record.size;
    const size = sizeOf(fragments);
    if (size !== null && promised > size) throw new ClientHelloError('something follows the ClientHello in its record');
    if (have === size) return Buffer.concat(fragments).subarray(MESSAGE_HEADER);
    if (have < promised) return null;
  }
}

/** What there is of the record at `offset`, and the size that it is to have; null: not even its header. */
function readRecord(bytes: Buffer, offset: number): { readonly bytes: Buffer; readonly size: number } | null {
  const [type, major] = [bytes[offset], bytes[offset + 1]];
  // The version's other half has lost its meaning, but none was ever over 3.
  const wrong = (type ?? HANDSHAKE) !== HANDSHAKE || (major ?? 3) !== 3 || (bytes[offset + 2] ?? 3) > 3;
  if (wrong) throw new ClientHelloError('the connection does not begin with TLS');
  if (bytes.length < offset + RECORD_HEADER) return null;
  const size = bytes.readUInt16BE(offset + 3);
  if (size === 0 || size > PLAINTEXT_MOST) throw new ClientHelloError('a record of the ClientHello has no size that it may have');
  const begin = offset + RECORD_HEADER;
  return { bytes: bytes.subarray(begin, begin + size), size };
}

/** How long the message is with its header; null: it is not told yet. */
function sizeOf(fragments: readonly Buffer[]): number | null {
  const header = Buffer.concat(fragments.slice(0, MESSAGE_HEADER)).subarray(0, MESSAGE_HEADER);
  if (header.length > 0 && header[0] !== CLIENT_HELLO) throw new ClientHelloError('the handshake does not begin with a ClientHello');
  if (header.length < MESSAGE_HEADER) return null;
  const size = header.readUIntBE(1, 3);
  if (size > HELLO_BYTES) throw new ClientHelloError('the ClientHello is too long');
  return MESSAGE_HEADER + size;
}

/** The server's name in it. */
function readHello(hello: Vectors): string | null {
  if (hello.number(2) >> 8 !== 3) malformed();
  hello.skip(32); // random
  hello.vector(1, 0, 32); // session
  if (hello.vector(2, 2, 0xfffe).length % 2 !== 0) malformed(); // cipher suites
  hello.vector(1, 1, 0xff); // compression methods
  if (hello.done) return null; // without extensions, as before TLS 1.3
  const extensions = new Vectors(hello.vector(2, 0, 0xffff), malformed);
  hello.end();
  const seen = new Set<number>();
  let serverName: string | null = null;
  while (!extensions.done) {
    const type = extensions.number(2);
    const content = extensions.vector(2, 0, 0xffff);
    if (seen.has(type)) throw new ClientHelloError('the ClientHello has an extension twice');
    seen.add(type);
    if (type === SERVER_NAME) serverName = readServerName(new Vectors(content, malformed));
  }
  return serverName;
}

function readServerName(extension: Vectors): string {
  const list = new Vectors(extension.vector(2, 1, 0xffff), malformed);
  extension.end();
  if (list.number(1) !== HOST_NAME) malformed();
  const name = list.vector(2, 1, 0xffff).toString('latin1').toLowerCase();
  // Names of other kinds were never defined, and of one kind there may be one only.
  list.end();
  if (!DNS_NAME.test(name)) throw new ClientHelloError('the server name in the ClientHello is no DNS name');
  return name;
}

function malformed(): never {
  throw new ClientHelloError('the ClientHello is malformed');
}
