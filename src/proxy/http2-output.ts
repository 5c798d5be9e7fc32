import type { Socket } from 'node:net';
import type { FrameOutput } from '../http2/frame-writer.ts';
import { ComposedWrite } from './read-buffers.ts';

const NOTHING = Buffer.alloc(0);
/** Of what a client has not taken yet, its socket may hold so much; behind that, what is put together waits here, in one buffer if it can. */
const IN_FLIGHT_BYTES = 65_536;
/** No more of a body is put into a buffer that cannot leave: the rest of it is for heads and answers to PING. */
const FULL_BYTES = 49_152;
/** A client that has left so much is not listened to before it has taken some: it would only make us answer. */
const BACKLOG_BYTES = 262_144;

/** Those that have something to send, until the turn of the event loop that made it is over. */
let unsent: Http2Output[] = [];

function sendAll(): void {
  const all = unsent;
  unsent = [];
  for (const output of all) output.flush();
}

/** What goes to one client of HTTP/2: the frames of one turn of the event loop leave in one write. */
export class Http2Output implements FrameOutput {
  length = 0;
  buffer: Buffer = NOTHING;
  readonly #socket: Socket;
  readonly #onRoom: () => void;
  #write: ComposedWrite | null = null;
  #awaited = false;
  #ended = false;
  readonly #sent = (): void => {
    if (this.length > 0) this.flush();
    if (!this.full) this.#onRoom();
  };

  /** `onRoom`: called after it was full, and may be called when it was not. */
  constructor(socket: Socket, onRoom: () => void) {
    this.#socket = socket;
    this.#onRoom = onRoom;
  }

  get full(): boolean {
    const { writableLength } = this.#socket;
    return writableLength >= IN_FLIGHT_BYTES || (writableLength > 0 && this.length >= FULL_BYTES);
  }

  /** Bytes that the client has not taken, as far as we can see. */
  get bytes(): number {
    return this.#socket.writableLength + this.length;
  }

  get overloaded(): boolean {
    return this.bytes >= BACKLOG_BYTES;
  }

  reserve(bytes: number): void {
    if (this.#write !== null && this.length + bytes > this.buffer.length) this.#send(this.#write);
    if (this.#write === null) {
      this.#write = new ComposedWrite();
      this.buffer = this.#write.buffer;
    }
    if (this.#awaited) return;
    this.#awaited = true;
    if (unsent.length === 0) setImmediate(sendAll);
    unsent.push(this);
  }

  /** Sends what there is, unless the client has not taken what was sent before: then it follows that. */
  flush(): void {
    this.#awaited = false;
    if (this.#write !== null && (this.#ended || this.#socket.writableLength === 0)) this.#send(this.#write);
  }

  /** Sends all there is, and ends our half: what is put together from then on goes nowhere. */
  end(): void {
    if (this.#write !== null) this.#send(this.#write);
    this.#ended = true;
    this.#socket.end();
  }

  #send(write: ComposedWrite): void {
    write.length = this.length;
    this.#write = null;
    this.buffer = NOTHING;
    this.length = 0;
    if (!this.#ended) write.send(this.#socket, this.#sent);
  }
}
