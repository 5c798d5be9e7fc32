import type { ConnectionError } from '../../../src/http2/codes.ts';
import { ServerSession } from '../../../src/http2/server-session.ts';
import type { ServerStream, StreamUser } from '../../../src/http2/server-stream.ts';
import { OPTIONS, Output } from './session-reading.ts';

/** What a server does with a request: pieces of a body, and when. */
export interface Plan {
  readonly at: 'begin' | 'end' | 'later';
  readonly interim: boolean;
  /** Of the last field of its head. */
  readonly headBytes: number;
  /** Sizes of the pieces; none: the head is all. */
  readonly pieces: readonly number[];
  readonly trailers: boolean;
  /** Holds the request's body back at first. */
  readonly holds: boolean;
  readonly refusesRest: boolean;
  /** Resets the stream once so many pieces were sent. */
  readonly resetAfter: number | null;
}

/** Bytes of the answer of stream `id` that `plan` asks for. */
export function bodyOf(id: number, plan: Plan): string {
  return plan.pieces.map((bytes, i) => pieceOf(id, i, bytes)).join('');
}

function pieceOf(id: number, i: number, bytes: number): string {
  return `${id}.${i} `.repeat(Math.ceil(bytes / 3)).slice(0, bytes);
}

/** Answers as its plan says; what it sends waits while the stream says so. */
class Server implements StreamUser {
  readonly #stream: ServerStream<Server>;
  readonly #plan: Plan;
  #next = 0;
  #waits = false;
  #begun = false;
  body = '';
  over: 'end' | 'cut' | null = null;

  constructor(stream: ServerStream<Server>, plan: Plan) {
    this.#stream = stream;
    this.#plan = plan;
  }

  begin(_list: readonly string[], ended: boolean): void {
    if (ended) this.over = 'end';
    if (this.#plan.holds && !ended) this.#stream.hold();
    if (this.#plan.interim) this.#stream.interim([':status', '103', 'link', '</a>']);
    if (this.#plan.at === 'begin' || (ended && this.#plan.at === 'end')) this.answer();
  }

  data(bytes: Buffer): void {
    this.body += bytes.toString('latin1');
  }

  receivedTrailers(): void {}

  ended(): void {
    this.over = 'end';
    if (this.#plan.at === 'end') this.answer();
  }

  cut(): void {
    this.over = 'cut';
  }

  drained(): void {
    if (!this.#waits) throw new Error('drained, and nobody waited for it');
    this.#waits = false;
    this.#send();
  }

  answer(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#stream.respond([':status', '200', 'x-plan', 'x'.repeat(this.#plan.headBytes)], this.#plan.pieces.length === 0);
    this.#send();
    if (this.#plan.refusesRest) this.#stream.refuseRest();
  }

  take(): void {
    if (this.over !== 'cut') this.#stream.take();
  }

  #send(): void {
    const { pieces, trailers, resetAfter } = this.#plan;
    while (this.#next < pieces.length && !this.#waits) {
      if (this.#next === resetAfter) {
        this.#stream.reset(2);
        return;
      }
      const last = this.#next === pieces.length - 1;
      const piece = Buffer.from(pieceOf(this.#stream.id, this.#next, pieces[this.#next++] as number));
      this.#waits = !this.#stream.send([piece], last, last && trailers ? ['x-trailer', 'y'] : null);
      // What was given is ours again, and may be overwritten.
      piece.fill('!');
    }
    // Held, it would count as open for ever.
    if (this.#next === pieces.length) this.#stream.take();
  }
}

/** A session whose streams answer by `plans`, in turn. */
export class Serving {
  readonly output = new Output();
  readonly servers = new Map<number, Server>();
  failure: ConnectionError | null = null;
  readonly session: ServerSession<Server>;

  constructor(plans: readonly Plan[]) {
    const owner = {
      opened: (stream: ServerStream<Server>) => {
        const server = new Server(stream, planFor(plans, stream.id));
        this.servers.set(stream.id, server);
        return server;
      },
      cut() {},
      control() {},
      drainedOfStreams() {},
      failed: (error: ConnectionError) => {
        this.failure = error;
      },
    };
    this.session = new ServerSession<Server>(this.output, owner, OPTIONS);
  }
}

export function planFor(plans: readonly Plan[], id: number): Plan {
  return plans[((id - 1) / 2) % plans.length] as Plan;
}
