import type { RequestTextOptions } from '../http1/request-text.ts';
import type { RequestHead } from '../http1/types.ts';
import { appendLines, type FieldList } from './field-list.ts';

/** The fields of a request to a server (RFC 9113 §8.3.1), for what HTTP/1.1 would send by `requestText`. */
export function requestFields(head: RequestHead, scheme: 'http' | 'https', options: RequestTextOptions): FieldList {
  const { framing } = head;
  const list: FieldList = [':method', head.method, ':scheme', scheme, ':authority', head.host === '' ? options.authority : head.host];
  list.push(':path', head.target);
  appendLines(list, head.fields);
  appendLines(list, options.forwarding);
  if (framing.type === 'length') list.push('content-length', `${framing.length}`);
  if (head.takesTrailers) list.push('te', 'trailers');
  if (options.expectContinue) list.push('expect', '100-continue');
  return list;
}
