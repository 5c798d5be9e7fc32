import { CR, FIELD_VALUE, LF, latin1, SP } from './bytes.ts';
import { connectionOptions, upgradeProtocols } from './connection.ts';
import { Field } from './field-names.ts';
import { FieldSection, INCOMPLETE } from './field-section.ts';
import { declaredFraming, NO_BODY, UNTIL_CLOSE } from './framing.ts';
import { type Framing, type HeadLimits, ProtocolError, type ResponseHead } from './types.ts';

const VERSION = Buffer.from('HTTP/1.');
/** `HTTP/1.1 200`, after which come a space and the reason, or (not quite by the book, but seen) nothing. */
const STATUS_END = 12;
const STATUS_START = 9;

const section = new FieldSection('response');

/**
 * The response head at `start` of `buffer`, in answer to `requestMethod`; null: not all of it lies before `end`. Throws ProtocolError
 * with status 502 for anything that two readers could understand differently.
 */
export function parseResponseHead(
  buffer: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
  requestMethod: string,
): ResponseHead | null {
  const limit = Math.min(end, start + limits.headerBytes);
  const lineEnd = scanStatusLine(buffer, start, limit);
  const headEnd = lineEnd === INCOMPLETE ? INCOMPLETE : section.scan(buffer, lineEnd + 2, limit, limits.headerCount);
  if (headEnd === INCOMPLETE) {
    if (end - start <= limits.headerBytes) return null;
    throw broken('HeadTooLarge', `the response head has more than ${limits.headerBytes} bytes`);
  }
  const status = statusCode(buffer, start);
  const minor = buffer[start + VERSION.length] === 0x31 ? 1 : 0;
  const reason = lineEnd > start + STATUS_END ? latin1(buffer, start + STATUS_END + 1, lineEnd) : '';
  return responseHead(headEnd - start, status, reason, minor, requestMethod);
}

function responseHead(size: number, status: number, reason: string, minor: 0 | 1, requestMethod: string): ResponseHead {
  const declared = declaredFraming(section, minor);
  const options = connectionOptions(section.value(Field.Connection));
  const bodyForbidden = status < 200 || status === 204;
  const bodyless = bodyForbidden || status === 304 || requestMethod === 'HEAD';
  const framing: Framing = bodyless ? NO_BODY : (declared ?? UNTIL_CLOSE);
  // A body announced where none may be: whether it follows is anybody's guess, so nothing more is read from that connection.
  const dubious = bodyForbidden && declared !== null && !(declared.type === 'length' && declared.length === 0);
  const persistent = !options.close && (minor === 1 || options.keepAlive);
  return {
    size,
    status,
    reason,
    minor,
    fields: section.forwardable(options.named),
    framing,
    contentLength: declared?.type === 'length' && !bodyForbidden ? declared.length : null,
    keepAlive: persistent && framing.type !== 'close' && !dubious,
    upgrade: status === 101 && options.upgrade ? upgradeProtocols(section.value(Field.Upgrade)) : null,
  };
}

/** Where the CR after the status line lies. */
function scanStatusLine(buffer: Buffer, start: number, end: number): number {
  const known = Math.min(end - start, STATUS_END);
  for (let i = 0; i < known; i++) {
    if (!fitsStatusLine(i, buffer[start + i] as number)) throw broken('BadStatusLine', 'the answer does not begin like HTTP/1.x');
  }
  let at = start + STATUS_END;
  if (at >= end) return INCOMPLETE;
  if (buffer[at] === SP) while (at < end && FIELD_VALUE[buffer[at] as number] === 1) at++;
  if (at >= end) return INCOMPLETE;
  if (buffer[at] !== CR) throw broken('BadStatusLine', 'the status line has a byte that it may not have');
  if (at + 1 >= end) return INCOMPLETE;
  if (buffer[at + 1] !== LF) throw broken('BareCarriageReturn', 'a CR in the head is not followed by LF');
  return at;
}

/** `HTTP/1.` , 0 or 1, a space, 1 to 5, two digits. */
function fitsStatusLine(index: number, byte: number): boolean {
  if (index < VERSION.length) return byte === VERSION[index];
  if (index === VERSION.length) return byte === 0x30 || byte === 0x31;
  if (index === STATUS_START - 1) return byte === SP;
  if (index === STATUS_START) return byte >= 0x31 && byte <= 0x35;
  return byte >= 0x30 && byte <= 0x39;
}

function statusCode(buffer: Buffer, start: number): number {
  const at = start + STATUS_START;
  return (buffer[at] as number) * 100 + (buffer[at + 1] as number) * 10 + (buffer[at + 2] as number) - 0x30 * 111;
}

function broken(code: string, message: string): ProtocolError {
  return new ProtocolError(502, code, message);
}
