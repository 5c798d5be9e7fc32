import { RawClient } from './raw-client.ts';

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const FrameType = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  Reset: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  Goaway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const;
export const END_STREAM = 1;
export const END_HEADERS = 4;
export const ACK = 1;
export const PADDED = 8;
export const PRIORITY = 0x20;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A frame as it goes over the wire (RFC 9113 §4.1). */
export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function settings(...values: readonly (readonly [id: number, value: number])[]): Buffer {
  const entries = values.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id]), uint32(value)]));
  return frame(FrameType.Settings, 0, 0, Buffer.concat(entries));
}

/** A header block of literals that are not indexed (RFC 7541 §6.2.2), without Huffman coding: it says what it says. */
export function block(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

export const GET_FIELDS: readonly (readonly [string, string])[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'shop'],
  [':path', '/'],
];

export function headers(
  stream: number,
  fields: readonly (readonly [string, string])[] = GET_FIELDS,
  flags = END_STREAM | END_HEADERS,
): Buffer {
  return frame(FrameType.Headers, flags, stream, block(fields));
}

/** The whole frames in `bytes`. */
export function framesIn(bytes: Buffer): Frame[] {
  const found: Frame[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    found.push({
      type: bytes[at + 3]!,
      flags: bytes[at + 4]!,
      stream: bytes.readUInt32BE(at + 5) & 0x7fff_ffff,
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return found;
}

/** The payload without its padding and its priority, if it is of a type that may have one. */
export function content({ type, flags, payload }: Frame): Buffer {
  const padded = (flags & PADDED) !== 0 && (type === FrameType.Data || type === FrameType.Headers);
  const from = (padded ? 1 : 0) + (type === FrameType.Headers && (flags & PRIORITY) !== 0 ? 5 : 0);
  return payload.subarray(from, payload.length - (padded ? (payload[0] as number) : 0));
}

/** A client of HTTP/2 that sends what a test says, frame by frame, and reads the frames that come. */
export class FrameClient {
  readonly raw: RawClient;

  private constructor(raw: RawClient) {
    this.raw = raw;
  }

  /** Connected, with preface and empty SETTINGS sent. */
  static async connect(port: number): Promise<FrameClient> {
    const raw = await RawClient.connect(port);
    raw.say(PREFACE).say(frame(FrameType.Settings, 0, 0));
    return new FrameClient(raw);
  }

  send(...frames: readonly Buffer[]): this {
    this.raw.say(Buffer.concat(frames));
    return this;
  }

  /** The frames that have come so far. */
  get frames(): Frame[] {
    return framesIn(Buffer.from(this.raw.heard, 'latin1'));
  }

  of(type: number, stream?: number): Frame[] {
    return this.frames.filter((each) => each.type === type && (stream === undefined || each.stream === stream));
  }

  /** Error code of the last GOAWAY; null: none came. */
  get goaway(): number | null {
    return this.of(FrameType.Goaway).at(-1)?.payload.readUInt32BE(4) ?? null;
  }

  /** Error code with which `stream` was reset; null: it was not. */
  resetCode(stream: number): number | null {
    return this.of(FrameType.Reset, stream)[0]?.payload.readUInt32BE(0) ?? null;
  }

  [Symbol.dispose](): void {
    this.raw[Symbol.dispose]();
  }
}
