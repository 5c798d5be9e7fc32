/** Types of frames (RFC 9113 §6). */
export const FrameType = {
  Data: 0x0,
  Headers: 0x1,
  Priority: 0x2,
  Reset: 0x3,
  Settings: 0x4,
  PushPromise: 0x5,
  Ping: 0x6,
  Goaway: 0x7,
  WindowUpdate: 0x8,
  Continuation: 0x9,
} as const;

/** The flag of the frame that is the last of its side of a stream (RFC 9113 §6.1, 6.2). */
export const END_STREAM = 0x1;
/** Of SETTINGS and PING: an answer. */
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
/** Of HEADERS: five bytes of a priority, which RFC 9113 §5.3 gave up, stand before the block. */
export const PRIORITY = 0x20;

/** Why a stream or a connection ends (RFC 9113 §7): those that we give or tell apart. */
export const ErrorCode = {
  NoError: 0x0,
  ProtocolError: 0x1,
  InternalError: 0x2,
  FlowControlError: 0x3,
  StreamClosed: 0x5,
  FrameSizeError: 0x6,
  RefusedStream: 0x7,
  CompressionError: 0x9,
  EnhanceYourCalm: 0xb,
} as const;

/** What an endpoint says of itself (RFC 9113 §6.5.2). */
export const Setting = {
  HeaderTableSize: 0x1,
  EnablePush: 0x2,
  MaxConcurrentStreams: 0x3,
  InitialWindowSize: 0x4,
  MaxFrameSize: 0x5,
  MaxHeaderListSize: 0x6,
} as const;

/** RFC 9113 §6.5.2: what holds until SETTINGS say otherwise, of a stream's window and of the connection's. */
export const DEFAULT_WINDOW_BYTES = 65_535;
/** RFC 9113 §6.9.1. */
export const MAX_WINDOW_BYTES = 2 ** 31 - 1;
/** The largest frame that we take, and the largest that we make, whatever more the other side would take: the least that everybody takes. */
export const MAX_FRAME_BYTES = 16_384;
export const FRAME_HEADER_BYTES = 9;

/** The other side has broken a rule that makes the whole connection useless (RFC 9113 §5.4.1). */
export class ConnectionError extends Error {
  /** One of ErrorCode. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
