/** ClientHellos, put together by hand. */

export interface HelloParts {
  readonly version?: number;
  readonly session?: Buffer;
  readonly ciphers?: Buffer;
  readonly compression?: Buffer;
  /** Null: without any, as before TLS 1.3. */
  readonly extensions?: Buffer | null;
}

export function number(value: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
}

export const vector = (lengthSize: number, content: Buffer) => Buffer.concat([number(content.length, lengthSize), content]);
export const extension = (type: number, content: Buffer) => Buffer.concat([number(type, 2), vector(2, content)]);
export const hostName = (name: string | Buffer) => Buffer.concat([number(0, 1), vector(2, Buffer.from(name as string, 'latin1'))]);
export const serverName = (...names: Buffer[]) => extension(0, vector(2, Buffer.concat(names)));

/** The handshake message, for `shop.example` unless told otherwise. */
export function hello(parts: HelloParts = {}): Buffer {
  const {
    version = 0x0303,
    session = Buffer.alloc(32, 7),
    ciphers = Buffer.from('13011302c02f', 'hex'),
    compression = Buffer.of(0),
    extensions = Buffer.concat([
      extension(0x0a0a, Buffer.alloc(0)),
      serverName(hostName('shop.example')),
      extension(43, Buffer.of(2, 3, 4)),
    ]),
  } = parts;
  const body = Buffer.concat([
    number(version, 2),
    Buffer.alloc(32, 9),
    vector(1, session),
    vector(2, ciphers),
    vector(1, compression),
    extensions === null ? Buffer.alloc(0) : vector(2, extensions),
  ]);
  return Buffer.concat([number(1, 1), vector(3, body)]);
}

export const record = (content: Buffer, type = 22, version = 0x0301) =>
  Buffer.concat([number(type, 1), number(version, 2), vector(2, content)]);

/** `message` in records of `size` bytes. */
export function records(message: Buffer, size: number): Buffer {
  const all: Buffer[] = [];
  for (let offset = 0; offset < message.length; offset += size) all.push(record(message.subarray(offset, offset + size)));
  return Buffer.concat(all);
}
