import { isAuthority } from './authority.ts';
import { CR, LF, latin1, SP, TARGET, TOKEN } from './bytes.ts';
import { connectionOptions, upgradeProtocols } from './connection.ts';
import { Field } from './field-names.ts';
import { FieldSection, INCOMPLETE } from './field-section.ts';
import { declaredFraming, NO_BODY } from './framing.ts';
import { splitTarget } from './request-target.ts';
import { type ForwardedFields, type HeadLimits, ProtocolError, type RequestHead } from './types.ts';

const SLASH = 0x2f;
const VERSION = Buffer.from('HTTP/1.1');
const VERSION_LENGTH = VERSION.length;
const MAJOR = 5;
const DOT = 6;
const METHOD_BYTES = 32;
const METHODS = ['GET', 'POST', 'PUT', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'].map((text) => ({ text, bytes: Buffer.from(text) }));
const NOT_FORWARDED: ForwardedFields = { xForwardedFor: '', xForwardedProto: '', xForwardedHost: '', forwarded: '', others: '' };

/** One for all: a head is parsed in one synchronous call, and nothing of it stays here. */
const section = new FieldSection('request');

/**
 * The request head at `start` of `buffer` (RFC 9112 §2-6), read in one pass; null: not all of it lies before `end`. Throws
 * ProtocolError at the first thing that is wrong with what is there, even where the head is not whole.
 */
export function parseRequestHead(buffer: Buffer, start: number, end: number, limits: HeadLimits): RequestHead | null {
  const limit = Math.min(end, start + limits.headerBytes);
  const begin = skipEmptyLine(buffer, start, limit);
  const methodEnd = scanMethod(buffer, begin, limit);
  const targetEnd = methodEnd === INCOMPLETE ? INCOMPLETE : scanTarget(buffer, methodEnd + 1, limit, limits.uriBytes);
  const fieldsStart = targetEnd === INCOMPLETE ? INCOMPLETE : scanVersion(buffer, targetEnd + 1, limit);
  const headEnd = fieldsStart === INCOMPLETE ? INCOMPLETE : section.scan(buffer, fieldsStart, limit, limits.headerCount);
  if (headEnd === INCOMPLETE) {
    if (end - start <= limits.headerBytes) return null;
    throw new ProtocolError(431, 'HeadTooLarge', `the request head has more than ${limits.headerBytes} bytes`);
  }
  const method = methodText(buffer, begin, methodEnd);
  const target = latin1(buffer, methodEnd + 1, targetEnd);
  const minor = buffer[targetEnd + VERSION_LENGTH] === 0x31 ? 1 : 0;
  return requestHead(headEnd - start, method, target, minor);
}

function requestHead(size: number, method: string, rawTarget: string, minor: 0 | 1): RequestHead {
  if (method === 'CONNECT') throw new ProtocolError(501, 'ConnectNotSupported', 'CONNECT is not supported');
  const host = hostField(minor);
  const { target, authority } = rawTarget.charCodeAt(0) === SLASH ? { target: rawTarget, authority: '' } : splitTarget(method, rawTarget);
  if (authority !== '' && host !== '' && authority.toLowerCase() !== host.toLowerCase()) {
    throw new ProtocolError(400, 'HostDiffersFromTarget', 'Host and the host of the target differ');
  }
  const framing = declaredFraming(section, minor) ?? NO_BODY;
  const bodyless = framing.type === 'none' || (framing.type === 'length' && framing.length === 0);
  const options = connectionOptions(section.value(Field.Connection));
  const expects = section.has(Field.Expect) && checkExpect(section.value(Field.Expect));
  return {
    size,
    method,
    target,
    minor,
    host: authority === '' ? host : authority,
    fields: section.forwardable(options.named),
    framing,
    keepAlive: !options.close && (minor === 1 || options.keepAlive),
    expectContinue: expects && minor === 1 && !bodyless,
    upgrade: options.upgrade && minor === 1 && bodyless ? upgradeProtocols(section.value(Field.Upgrade)) : null,
    hasIdempotencyKey: section.has(Field.IdempotencyKey),
    forwarded: forwardedFields(),
    via: section.value(Field.Via),
  };
}

/** RFC 9112 §2.2: one empty line before a request line is tolerated; some old clients send one after a body. */
function skipEmptyLine(buffer: Buffer, start: number, end: number): number {
  return start + 1 < end && buffer[start] === CR && buffer[start + 1] === LF ? start + 2 : start;
}

/** Where the space after the method lies. */
function scanMethod(buffer: Buffer, start: number, end: number): number {
  const token = TOKEN;
  let at = start;
  while (at < end && token[buffer[at] as number] === 1) at++;
  if (at - start > METHOD_BYTES) throw new ProtocolError(501, 'MethodTooLong', `the method is longer than ${METHOD_BYTES} bytes`);
  if (at >= end || (at === start && buffer[at] === CR && at + 1 === end)) return INCOMPLETE;
  if (at === start || buffer[at] !== SP) throw new ProtocolError(400, 'BadMethod', 'what came is not an HTTP request');
  return at;
}

/** Where the space after the target lies. */
function scanTarget(buffer: Buffer, start: number, end: number, maxBytes: number): number {
  const allowed = TARGET;
  const limit = Math.min(end, start + maxBytes + 1);
  let at = start;
  while (at < limit && allowed[buffer[at] as number] === 1) at++;
  if (at - start > maxBytes) throw new ProtocolError(414, 'TargetTooLong', `the request target is longer than ${maxBytes} bytes`);
  if (at >= end) return INCOMPLETE;
  if (at === start || buffer[at] !== SP)
    throw new ProtocolError(400, 'BadTarget', 'the request target is empty, or has a byte that it may not have');
  return at;
}

/** Where the first field line begins. */
function scanVersion(buffer: Buffer, start: number, end: number): number {
  const known = Math.min(end - start, VERSION_LENGTH);
  for (let i = 0; i < known; i++) {
    const byte = buffer[start + i] as number;
    if (byte === VERSION[i] || (i >= MAJOR && i !== DOT && byte >= 0x30 && byte <= 0x39)) continue;
    throw new ProtocolError(400, 'BadRequestLine', 'the request line does not end in an HTTP version');
  }
  if (end - start < VERSION_LENGTH + 2) return INCOMPLETE;
  const minor = buffer[start + VERSION_LENGTH - 1] as number;
  if (buffer[start + MAJOR] !== 0x31 || (minor !== 0x30 && minor !== 0x31)) {
    throw new ProtocolError(505, 'VersionNotSupported', 'only HTTP/1.0 and HTTP/1.1 are served here');
  }
  if (buffer[start + VERSION_LENGTH] !== CR || buffer[start + VERSION_LENGTH + 1] !== LF) {
    throw new ProtocolError(400, 'BadRequestLine', 'the request line does not end after the version');
  }
  return start + VERSION_LENGTH + 2;
}

/** The usual methods without a copy. */
function methodText(buffer: Buffer, start: number, end: number): string {
  for (const { text, bytes } of METHODS) {
    if (bytes.length !== end - start) continue;
    let same = 0;
    while (same < bytes.length && buffer[start + same] === bytes[same]) same++;
    if (same === bytes.length) return text;
  }
  return latin1(buffer, start, end);
}

function hostField(minor: 0 | 1): string {
  if (!section.has(Field.Host)) {
    if (minor === 1) throw new ProtocolError(400, 'HostMissing', 'an HTTP/1.1 request has no Host (RFC 9112 3.2)');
    return '';
  }
  const host = section.value(Field.Host);
  if (!isAuthority(host)) throw new ProtocolError(400, 'BadHost', 'Host is not a host name or address with an optional port');
  return host;
}

function checkExpect(value: string): true {
  if (value !== '100-continue' && value.toLowerCase() !== '100-continue') {
    throw new ProtocolError(417, 'UnknownExpectation', 'Expect has something other than 100-continue');
  }
  return true;
}

function forwardedFields(): ForwardedFields {
  const xForwardedFor = section.value(Field.XForwardedFor);
  const xForwardedProto = section.value(Field.XForwardedProto);
  const xForwardedHost = section.value(Field.XForwardedHost);
  const forwarded = section.value(Field.Forwarded);
  const others = section.otherForwarded;
  if (xForwardedFor === '' && xForwardedProto === '' && xForwardedHost === '' && forwarded === '' && others === '') return NOT_FORWARDED;
  return { xForwardedFor, xForwardedProto, xForwardedHost, forwarded, others };
}
