import { BodyReader } from '../../../src/http1/body-reader.ts';
import type { RequestHeadReader, ResponseHeadReader } from '../../../src/http1/head-reader.ts';
import { type Framing, ProtocolError, type Side } from '../../../src/http1/types.ts';

export interface Message<H> {
  readonly head: H;
  readonly payload: string;
}

export interface Reading<H> {
  /** Messages that were read to their end. */
  readonly messages: readonly Message<H>[];
  /** Code of the refusal that ended the reading, or null. */
  readonly refusal: string | null;
}

/** Reads message after message as a proxy does, until the bytes end or are refused, or a message says that nothing follows it. */
export function readMessages<H extends { readonly framing: Framing; readonly keepAlive: boolean }>(
  chunks: readonly Buffer[],
  heads: H extends { readonly method: string } ? RequestHeadReader : ResponseHeadReader,
  side: Side,
): Reading<H> {
  const bodies = new BodyReader(side);
  const messages: Message<H>[] = [];
  let payload: Buffer[] = [];
  let head: H | null = null;
  try {
    for (const chunk of chunks) {
      let at = 0;
      while (at < chunk.length) {
        if (head === null) {
          head = heads.feed(chunk, at) as H | null;
          at = heads.end;
          if (head === null) continue;
          bodies.start(head.framing);
        } else {
          at = bodies.feed(chunk, at, payload);
        }
        if (!bodies.done) continue;
        messages.push({ head, payload: Buffer.concat(payload).toString('latin1') });
        if (!head.keepAlive) return { messages, refusal: null };
        head = null;
        payload = [];
      }
    }
    return { messages, refusal: null };
  } catch (error) {
    if (error instanceof ProtocolError) return { messages, refusal: error.code };
    throw error;
  }
}
