import { isAuthority } from '../http1/authority.ts';
import { TARGET, TOKEN } from '../http1/bytes.ts';
import { Field, fieldNamed } from '../http1/field-names.ts';
import { CHUNKED, contentLength, NO_BODY } from '../http1/framing.ts';
import { checkExpect, METHOD_BYTES, NOT_FORWARDED } from '../http1/request-head.ts';
import { type ForwardedFields, type Framing, type HeadLimits, ProtocolError, type RequestHead } from '../http1/types.ts';
import { consistsOf, isFieldValue, isLowerToken, LINE_OVERHEAD } from './field-list.ts';

/** RFC 9113 §8.2.2: fields of an HTTP/1.1 connection, which make an HTTP/2 request malformed. */
const CONNECTION_FIELDS = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings']);
const COLON = 0x3a;
const SLASH = 0x2f;

/**
 * The pseudo-header fields and fields of one request: what the proxy acts on is picked out, the rest becomes lines of HTTP/1.1. One object is
 * reused for every request, since nothing here outlives the call that reads it.
 */
class RequestFields {
  readonly pseudo = { method: '', scheme: '', authority: '', path: '' };
  readonly #picked: string[] = new Array<string>(16).fill('');
  /** Bit set of the fields seen: an empty value is not an absent field. */
  #seen = 0;
  lines = '';
  others = '';
  size = 0;
  takesTrailers = false;
  #cookie = '';

  read(list: readonly string[], limits: HeadLimits): void {
    this.#reset();
    let count = 0;
    for (let i = 0; i + 1 < list.length; i += 2) {
      const name = list[i] as string;
      const value = list[i + 1] as string;
      this.size += name.length + value.length + LINE_OVERHEAD;
      if (this.size > limits.headerBytes)
        throw new ProtocolError(431, 'HeadTooLarge', `the request head has more than ${limits.headerBytes} bytes`);
      if (name.charCodeAt(0) === COLON) {
        this.#readPseudo(name, value, count > 0);
      } else {
        if (++count > limits.headerCount)
          throw new ProtocolError(431, 'TooManyFields', `the head has more than ${limits.headerCount} field lines`);
        this.#readField(name, value);
      }
    }
    // RFC 9113 §8.2.3: a cookie may come in crumbs, and HTTP/1.1 knows one line.
    if (this.#cookie !== '') this.lines += `cookie: ${this.#cookie}\r\n`;
  }

  has(field: Field): boolean {
    return (this.#seen & (1 << field)) !== 0;
  }

  value(field: Field): string {
    return this.has(field) ? (this.#picked[field] as string) : '';
  }

  #readPseudo(name: string, value: string, late: boolean): void {
    const key = name.slice(1);
    if (late || !isPseudo(key)) throw malformed('BadPseudoHeader', 'a pseudo-header field is unknown or comes after a field');
    if (this.pseudo[key] !== '') throw malformed('DuplicatePseudoHeader', 'a pseudo-header field is given more than once');
    if (value === '') throw malformed('EmptyPseudoHeader', 'a pseudo-header field is empty');
    this.pseudo[key] = value;
  }

  #readField(name: string, value: string): void {
    const field = fieldNamed(name);
    if (anyName(field) && !isLowerToken(name)) throw malformed('BadFieldName', 'a field name has a byte that it may not have');
    if (field === Field.Other) {
      if (!isFieldValue(value)) throw malformed('BadFieldValue', 'a field value has a byte that it may not have');
      if (name === 'cookie') this.#cookie = this.#cookie === '' ? value : `${this.#cookie}; ${value}`;
      else this.lines += `${name}: ${value}\r\n`;
      return;
    }
    if (!isFieldValue(value)) throw malformed('BadFieldValue', 'a field value has a byte that it may not have');
    if (CONNECTION_FIELDS.has(name)) throw malformed('ConnectionField', 'a field of an HTTP/1.1 connection (RFC 9113 8.2.2)');
    if (name === 'te') this.#readTe(value);
    if (field === Field.Hop || field === Field.XForwardedLookalike) return;
    if (field === Field.XForwardedOther) this.others += `${name}: ${value}\r\n`;
    else if (field === Field.IdempotencyKey) this.lines += `${name}: ${value}\r\n`;
    this.#pick(field, value);
  }

  #readTe(value: string): void {
    if (value.toLowerCase() !== 'trailers') throw malformed('BadTe', 'TE has something other than trailers');
    this.takesTrailers = true;
  }

  #pick(field: Field, value: string): void {
    const again = this.has(field);
    if (again && field === Field.Host) throw malformed('DuplicateHost', 'Host is given more than once');
    if (again && field === Field.ContentLength) throw malformed('DuplicateContentLength', 'Content-Length is given more than once');
    this.#seen |= 1 << field;
    this.#picked[field] = again ? `${this.#picked[field]}, ${value}` : value;
  }

  #reset(): void {
    const { pseudo } = this;
    pseudo.method = pseudo.scheme = pseudo.authority = pseudo.path = '';
    this.#seen = this.size = 0;
    this.takesTrailers = false;
    this.lines = this.others = this.#cookie = '';
  }
}

const request = new RequestFields();

/**
 * The head of an HTTP/2 request (RFC 9113 §8.3.1) as HTTP/1.1 would have it. `list`: names and values in turn, as they came. `ended`: no body
 * follows. Everything that could make another message of it on the way is checked here, whatever the framing layer has checked before.
 * Throws ProtocolError.
 */
export function requestHead(list: readonly string[], ended: boolean, limits: HeadLimits): RequestHead {
  request.read(list, limits);
  const { method, path } = request.pseudo;
  checkMethod(method);
  checkScheme(request.pseudo.scheme);
  checkPath(method, path, limits);
  const framing = framingOf(ended);
  const bodyless = framing.type === 'none' || (framing.type === 'length' && framing.length === 0);
  const expects = request.has(Field.Expect) && checkExpect(request.value(Field.Expect));
  return {
    size: request.size,
    method,
    target: path,
    minor: 1,
    host: hostOf(request.pseudo.authority),
    fields: request.lines,
    framing,
    keepAlive: true,
    expectContinue: expects && !bodyless,
    upgrade: null,
    takesTrailers: request.takesTrailers,
    hasIdempotencyKey: request.has(Field.IdempotencyKey),
    forwarded: forwardedFields(),
    via: request.value(Field.Via),
  };
}

/** More than one name is that field, so that a name that is may have any bytes. */
function anyName(field: Field): boolean {
  return field === Field.Other || field === Field.XForwardedOther || field === Field.XForwardedLookalike;
}

function isPseudo(key: string): key is keyof RequestFields['pseudo'] {
  return key === 'method' || key === 'scheme' || key === 'authority' || key === 'path';
}

function checkMethod(method: string): void {
  if (method === 'CONNECT') throw new ProtocolError(501, 'ConnectNotSupported', 'CONNECT is not supported');
  if (method.length > METHOD_BYTES) throw new ProtocolError(501, 'MethodTooLong', `the method is longer than ${METHOD_BYTES} bytes`);
  if (method === '' || !consistsOf(TOKEN, method)) throw malformed('BadMethod', 'the method is missing or no token');
}

function checkScheme(scheme: string): void {
  const lower = scheme.toLowerCase();
  if (lower !== 'http' && lower !== 'https') throw malformed('BadScheme', 'the scheme is neither http nor https');
}

function checkPath(method: string, path: string, limits: HeadLimits): void {
  if (path.length > limits.uriBytes) {
    throw new ProtocolError(414, 'TargetTooLong', `the request target is longer than ${limits.uriBytes} bytes`);
  }
  if (path.charCodeAt(0) === SLASH ? consistsOf(TARGET, path) : path === '*' && method === 'OPTIONS') return;
  throw malformed('BadTarget', 'the path does not begin with a slash, or has a byte that it may not have');
}

function hostOf(authority: string): string {
  const host = request.value(Field.Host);
  if (authority !== '' && host !== '' && authority.toLowerCase() !== host.toLowerCase()) {
    throw malformed('HostDiffersFromAuthority', 'Host and :authority differ');
  }
  const named = authority === '' ? host : authority;
  if (named === '') throw malformed('HostMissing', 'the request names no host');
  if (!isAuthority(named)) throw malformed('BadHost', 'the authority is not a host name or address with an optional port');
  return named;
}

function framingOf(ended: boolean): Framing {
  if (!request.has(Field.ContentLength)) return ended ? NO_BODY : CHUNKED;
  const length = contentLength('request', request.value(Field.ContentLength));
  if (ended && length > 0) throw malformed('BodyCut', 'the request ends before the length that it gives');
  return { type: 'length', length };
}

function forwardedFields(): ForwardedFields {
  const xForwardedFor = request.value(Field.XForwardedFor);
  const xForwardedProto = request.value(Field.XForwardedProto);
  const xForwardedHost = request.value(Field.XForwardedHost);
  const forwarded = request.value(Field.Forwarded);
  const { others } = request;
  if (xForwardedFor === '' && xForwardedProto === '' && xForwardedHost === '' && forwarded === '' && others === '') return NOT_FORWARDED;
  return { xForwardedFor, xForwardedProto, xForwardedHost, forwarded, others };
}

function malformed(code: string, message: string): ProtocolError {
  return new ProtocolError(400, code, message);
}
