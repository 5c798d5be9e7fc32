import type { RequestHead } from './types.ts';

export interface RequestTextOptions {
  /** Lines from ForwardingFields, each ending in CRLF. */
  readonly forwarding: string;
  /** Host for a request that came without one (HTTP/1.0): HTTP/1.1 must have it. The endpoint's id does. */
  readonly authority: string;
  /** Ask the upstream for a 100 before the body is sent to it. */
  readonly expectContinue: boolean;
}

/**
 * The head of a request to an upstream, always HTTP/1.1, as latin1 text. What frames the body is written anew from what was understood,
 * so that the next reader cannot understand it otherwise.
 */
export function requestText(head: RequestHead, options: RequestTextOptions): string {
  const { framing } = head;
  let text = `${head.method} ${head.target} HTTP/1.1\r\nHost: ${head.host === '' ? options.authority : head.host}\r\n${head.fields}${options.forwarding}`;
  if (framing.type === 'length') text += `Content-Length: ${framing.length}\r\n`;
  else if (framing.type === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
  if (options.expectContinue) text += 'Expect: 100-continue\r\n';
  if (head.upgrade !== null) text += `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`;
  return `${text}\r\n`;
}
