import type { IncomingMessage } from 'node:http';
import type { KubeObject } from '../api/meta.ts';
import { apiErrorFrom } from './api-status.ts';
import { ConnectionError, messageOf } from './errors.ts';
import { LineSplitter } from './line-splitter.ts';

/** A BOOKMARK's object carries nothing but its kind and `metadata.resourceVersion`. */
export interface WatchEvent<T extends KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

/** etcd refuses objects over 1.5 MiB; JSON may be some times larger than what is stored. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** Hands over the events of an open watch. Resolves when it ends or `signal` aborts it; throws what an ERROR event says. */
export async function readWatch<T extends KubeObject>(
  response: IncomingMessage,
  attempted: string,
  signal: AbortSignal,
  onEvent: (event: WatchEvent<T>) => void,
): Promise<void> {
  const abort = (): void => void response.destroy();
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  const splitter = new LineSplitter(MAX_LINE_BYTES);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      for (const line of splitter.push(chunk)) {
        if (signal.aborted) return;
        onEvent(decode<T>(attempted, line));
      }
    }
  } catch (error) {
    if (!signal.aborted) throw explain(attempted, error);
  } finally {
    signal.removeEventListener('abort', abort);
    response.destroy();
  }
}

function decode<T extends KubeObject>(attempted: string, line: string): WatchEvent<T> {
  let event: { readonly type?: unknown; readonly object?: unknown };
  try {
    event = JSON.parse(line) as typeof event;
  } catch (error) {
    throw new ConnectionError('ApiBadResponse', `cannot ${attempted}: an event is no JSON`, error);
  }
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return { type: event.type, object: event.object as T };
    case 'ERROR':
      throw apiErrorFrom(attempted, 500, JSON.stringify(event.object), null);
    default:
      throw new ConnectionError('ApiBadResponse', `cannot ${attempted}: an event has the unknown type ${JSON.stringify(event.type)}`);
  }
}

/** What the API server said, and what the reader found, are told as they are; the rest is the connection's end. */
function explain(attempted: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT' || code === 'ERR_STREAM_PREMATURE_CLOSE') {
    return new ConnectionError('ApiUnreachable', `cannot ${attempted}: the connection broke: ${messageOf(error)}`, error);
  }
  return error;
}
