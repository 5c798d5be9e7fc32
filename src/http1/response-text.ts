import { CHUNKED, UNTIL_CLOSE } from './framing.ts';
import type { Framing, ResponseHead } from './types.ts';

/**
 * How the body of `head` is framed towards a client of HTTP/1.`clientMinor`. A client of HTTP/1.0 knows no chunks, so that body ends with
 * the connection; one of HTTP/1.1 gets a body without a length in chunks, so that it can tell the end from a cut.
 */
export function clientFraming(head: ResponseHead, clientMinor: 0 | 1): Framing {
  if (head.framing.type !== 'chunked' && head.framing.type !== 'close') return head.framing;
  return clientMinor === 0 ? UNTIL_CLOSE : CHUNKED;
}

export interface ResponseTextOptions {
  /** From `clientFraming`. */
  readonly framing: Framing;
  readonly clientMinor: 0 | 1;
  /** The connection goes on after this response. Has no say where the framing is `close`. */
  readonly keepAlive: boolean;
  /** More lines, each ending in CRLF. */
  readonly extraFields: string;
}

/** The head of a response to the client, final or interim (1xx), as latin1 text. Interim ones are not for clients of HTTP/1.0. */
export function responseText(head: ResponseHead, options: ResponseTextOptions): string {
  const { framing, clientMinor, keepAlive, extraFields } = options;
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.fields}${extraFields}`;
  if (framing.type === 'length') text += `Content-Length: ${framing.length}\r\n`;
  else if (framing.type === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
  else if (framing.type === 'none' && head.contentLength !== null) text += `Content-Length: ${head.contentLength}\r\n`;
  if (head.status === 101) {
    if (head.upgrade !== null) text += `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`;
  } else if (head.status >= 200) {
    text += connectionLine(keepAlive && framing.type !== 'close', clientMinor);
  }
  return `${text}\r\n`;
}

/** Persistence is the rule in HTTP/1.1 and the exception in 1.0 (RFC 9112 §9.3): only what differs is said. */
function connectionLine(keepAlive: boolean, clientMinor: 0 | 1): string {
  if (!keepAlive) return 'Connection: close\r\n';
  return clientMinor === 0 ? 'Connection: keep-alive\r\n' : '';
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  508: 'Loop Detected',
};

export interface ErrorTextOptions {
  readonly keepAlive: boolean;
  readonly clientMinor: 0 | 1;
  /** The request was HEAD: the length is told, the body left out. */
  readonly headOnly: boolean;
  /** More lines, each ending in CRLF. */
  readonly extraFields: string;
}

/** After which nothing more is said: for what could not be read as a request at all. */
export const CLOSING_ERROR: ErrorTextOptions = { keepAlive: false, clientMinor: 1, headOnly: false, extraFields: '' };

/** A whole response of the proxy's own: `status`, and `message` as one line of text. `message` must not quote a client's bytes. */
export function errorText(status: number, message: string, options: ErrorTextOptions = CLOSING_ERROR): string {
  const body = `${status} ${REASONS[status] ?? 'Error'}: ${message}\n`;
  return (
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}\r\n` +
    `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body, 'latin1')}\r\n` +
    `Cache-Control: no-store\r\n${options.extraFields}${connectionLine(options.keepAlive, options.clientMinor)}\r\n` +
    (options.headOnly ? '' : body)
  );
}
