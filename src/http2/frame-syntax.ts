import { ACK, ConnectionError, ErrorCode, MAX_FRAME_BYTES, MAX_WINDOW_BYTES, PADDED, PRIORITY, Setting } from './codes.ts';
import { uint31 } from './frame-reader.ts';

// What can be said of a frame by itself (RFC 9113 §6). Each check throws ConnectionError, and `size` is that of the payload in bytes.

const PRIORITY_BYTES = 5;

export function broken(message: string): ConnectionError {
  return new ConnectionError(ErrorCode.ProtocolError, message);
}

/** Where the payload of DATA or HEADERS begins, behind the length of its padding. */
export function unpaddedStart(flags: number, start: number, end: number): number {
  if ((flags & PADDED) === 0) return start;
  if (start === end) throw broken('a frame that is shorter than its padding');
  return start + 1;
}

/** Where it ends, before its padding. */
export function unpaddedEnd(flags: number, bytes: Buffer, start: number, end: number): number {
  if ((flags & PADDED) === 0) return end;
  const to = end - (bytes[start] as number);
  if (to <= start) throw broken('a frame that is shorter than its padding');
  return to;
}

/** Where the block of HEADERS begins: a priority before it is checked, and of no effect (RFC 9113 §5.3.2). */
export function blockStart(flags: number, id: number, bytes: Buffer, from: number, to: number): number {
  if ((flags & PRIORITY) === 0) return from;
  if (to - from < PRIORITY_BYTES) throw wrongSize('HEADERS');
  checkDependency(id, bytes, from);
  return from + PRIORITY_BYTES;
}

export function checkPriority(id: number, bytes: Buffer, start: number, end: number): void {
  if (id === 0) throw broken('PRIORITY of the connection');
  checkSize(end - start, PRIORITY_BYTES, 'PRIORITY');
  checkDependency(id, bytes, start);
}

/** RFC 7540 §5.3.1. */
function checkDependency(id: number, bytes: Buffer, at: number): void {
  if (uint31(bytes, at) === id) throw broken('a stream that depends on itself');
}

export function checkReset(size: number): void {
  checkSize(size, 4, 'RST_STREAM');
}

export function checkSettings(flags: number, id: number, size: number): void {
  checkConnection(id, 'SETTINGS');
  if (size % 6 !== 0 || ((flags & ACK) !== 0 && size > 0)) throw wrongSize('SETTINGS');
}

export function checkSetting(name: number, value: number): void {
  if (name === Setting.EnablePush && value > 1) throw broken('ENABLE_PUSH that is neither 0 nor 1');
  if (name === Setting.MaxFrameSize && (value < MAX_FRAME_BYTES || value >= 2 ** 24)) throw broken('a MAX_FRAME_SIZE that may not be');
  if (name === Setting.InitialWindowSize && value > MAX_WINDOW_BYTES) throw overflow('an initial window');
}

export function checkPing(id: number, size: number): void {
  checkConnection(id, 'PING');
  checkSize(size, 8, 'PING');
}

export function checkGoaway(id: number, size: number): void {
  checkConnection(id, 'GOAWAY');
  if (size < 8) throw wrongSize('GOAWAY');
}

/** Bytes by which a WINDOW_UPDATE opens a window. */
export function windowIncrement(bytes: Buffer, start: number, end: number): number {
  checkSize(end - start, 4, 'WINDOW_UPDATE');
  const more = uint31(bytes, start);
  if (more === 0) throw broken('WINDOW_UPDATE of nothing');
  return more;
}

/** `window` after it was opened. */
export function checkWindow(window: number): void {
  if (window > MAX_WINDOW_BYTES) throw overflow('a window');
}

function checkConnection(id: number, what: string): void {
  if (id !== 0) throw broken(`${what} of a stream`);
}

function checkSize(size: number, wanted: number, what: string): void {
  if (size !== wanted) throw wrongSize(what);
}

function wrongSize(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.FrameSizeError, `${what} of a wrong size`);
}

function overflow(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.FlowControlError, `${what} that is larger than may be`);
}
