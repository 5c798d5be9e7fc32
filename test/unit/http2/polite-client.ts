import assert from 'node:assert/strict';
import { END_HEADERS, END_STREAM, FrameType, frame, PREFACE, settings, uint32 } from '../../support/http2-frames.ts';
import { indexed, literal } from './hpack-writing.ts';
import { NaiveClient } from './naive-client.ts';
import { OPTIONS, readOnce } from './session-reading.ts';
import { bodyOf, type Plan, planFor, Serving } from './session-serving.ts';

const DEFAULT_WINDOW = 65_535;
const MAX_FRAME = 16_384;
/** Rounds in which nothing moves, after which nothing will. */
const PATIENCE = 3;
/** Far from 2^31 - 1, and more than all bodies together have. */
const MOST_GRANTED = 100_000_000;

interface Sending {
  readonly id: number;
  rest: string;
  readonly body: string;
  window: number;
  ended: boolean;
}

/** What one step does: `action` says what, `amount` how much. */
export interface Choice {
  readonly action: number;
  readonly amount: number;
}

export interface Conversation {
  /** SETTINGS_INITIAL_WINDOW_SIZE of the client. */
  readonly firstWindow: number;
  /** Sizes of the bodies of the requests. */
  readonly requests: readonly number[];
  readonly plans: readonly Plan[];
  readonly choices: readonly Choice[];
}

/** A client that keeps to every rule, and lets as little come as it likes. */
export class PoliteClient {
  readonly #conversation: Conversation;
  readonly #serving: Serving;
  readonly #seen = new NaiveClient();
  readonly #streams: Sending[] = [];
  readonly #granted = new Map<number, number>();
  #window = DEFAULT_WINDOW;
  /** What has been sent and has not arrived. */
  #onItsWay: Buffer[] = [];
  #moved = false;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
    this.#serving = new Serving(conversation.plans);
    this.#send(Buffer.concat([Buffer.from(PREFACE), settings([4, conversation.firstWindow])]));
  }

  /** Does what was chosen, then all that is left to do; throws where that has no end, or another one than was asked for. */
  run(): void {
    for (const choice of this.#conversation.choices) this.#step(choice);
    for (let idle = 0; !this.#done(); ) {
      this.#moved = false;
      this.#everything();
      idle = this.#moved ? 0 : idle + 1;
      assert.ok(
        idle < PATIENCE,
        `nothing moves any more: ${JSON.stringify([...this.#seen.answers], (key, value) => (key === 'body' ? value.length : value))}`,
      );
    }
    this.#assertAnswers();
  }

  #step({ action, amount }: Choice): void {
    const { session, servers, output } = this.#serving;
    const stream = this.#streams[amount % Math.max(1, this.#streams.length)];
    if (action === 0) this.#open();
    else if (action === 1 && stream) this.#sendBody(stream, amount);
    else if (action === 2 && stream) this.#grant(stream.id, amount + 1);
    else if (action === 3) this.#grant(0, amount + 1);
    else if (action === 4) this.#arrive(amount);
    else if (action === 5) for (const server of servers.values()) server.take();
    else if (action === 6) for (const server of servers.values()) server.answer();
    else if (action === 8) this.#send(settings([4, 10 * amount], [1, amount]));
    else if (action === 7) {
      output.full = amount % 2 === 1;
      if (!output.full) session.resume();
    }
    this.#hear();
  }

  #everything(): void {
    this.#open();
    for (const stream of this.#streams) {
      this.#sendBody(stream, MAX_FRAME);
      this.#grant(stream.id, 30_000);
    }
    this.#grant(0, 60_000);
    this.#arrive(Number.POSITIVE_INFINITY);
    for (const action of [5, 6, 7]) this.#step({ action, amount: 0 });
  }

  #open(): void {
    const { requests } = this.#conversation;
    const place = this.#streams.length;
    if (place >= requests.length || this.#streams.filter((stream) => this.#isOpen(stream)).length >= OPTIONS.streams) return;
    const id = 2 * place + 1;
    const body = `${id}`.repeat(requests[place] as number);
    this.#streams.push({ id, body, rest: body, window: DEFAULT_WINDOW, ended: body === '' });
    const block = Buffer.concat([indexed(2), indexed(6), indexed(4), literal('indexing', 1, 'a.example')]);
    this.#send(frame(FrameType.Headers, END_HEADERS | (body === '' ? END_STREAM : 0), id, block));
  }

  #isOpen(stream: Sending): boolean {
    const answer = this.#seen.answers.get(stream.id);
    return !(answer?.reset != null || (answer?.ended && stream.ended));
  }

  #sendBody(stream: Sending, most: number): void {
    if (stream.ended || !this.#isOpen(stream)) return;
    const bytes = Math.min(stream.rest.length, most, MAX_FRAME, this.#window + this.#given(0), stream.window + this.#given(stream.id));
    if (bytes <= 0) return;
    const piece = Buffer.from(stream.rest.slice(0, bytes));
    stream.rest = stream.rest.slice(bytes);
    stream.window -= bytes;
    this.#window -= bytes;
    stream.ended = stream.rest === '';
    this.#send(frame(FrameType.Data, stream.ended ? END_STREAM : 0, stream.id, piece));
  }

  /** Window that the server gave back. */
  #given(stream: number): number {
    return this.#seen.windows.get(stream) ?? 0;
  }

  #grant(id: number, bytes: number): void {
    const before = this.#granted.get(id) ?? 0;
    if (before + bytes > MOST_GRANTED) return;
    this.#granted.set(id, before + bytes);
    this.#send(frame(FrameType.WindowUpdate, 0, id, uint32(bytes)));
  }

  #send(bytes: Buffer): void {
    this.#onItsWay.push(bytes);
    this.#moved = true;
  }

  /** The next `most` bytes reach the server. */
  #arrive(most: number): void {
    const all = Buffer.concat(this.#onItsWay);
    const bytes = all.subarray(0, most);
    this.#onItsWay = [all.subarray(bytes.length)];
    this.#seen.sends(bytes);
    readOnce(this.#serving.session, bytes);
    assert.equal(this.#serving.failure, null);
    this.#hear();
  }

  #hear(): void {
    const bytes = this.#serving.output.taken();
    if (bytes.length > 0) this.#moved = true;
    this.#seen.receives(bytes);
  }

  #done(): boolean {
    return (
      this.#streams.length === this.#conversation.requests.length &&
      this.#streams.every((stream) => !this.#isOpen(stream)) &&
      this.#serving.session.size === 0
    );
  }

  #assertAnswers(): void {
    for (const { id, body } of this.#streams) {
      const plan = planFor(this.#conversation.plans, id);
      const answer = this.#seen.answers.get(id);
      const server = this.#serving.servers.get(id);
      assert.ok(answer && server, `stream ${id} was not served`);
      assert.ok(body.startsWith(server.body), `what the server got of stream ${id}`);
      if (server.over === 'end') assert.equal(server.body.length, body.length, `what the server got of stream ${id}`);
      if (plan.resetAfter !== null && plan.resetAfter < plan.pieces.length) {
        assert.equal(answer.reset, 2);
      } else {
        assert.deepEqual([answer.ended, answer.body], [true, bodyOf(id, plan)], `the answer of stream ${id}`);
        assert.ok(answer.heads.some((list) => list.at(-1)?.length === plan.headBytes));
        assert.equal(answer.heads.length, (plan.interim ? 1 : 0) + 1 + (plan.trailers && plan.pieces.length > 0 ? 1 : 0));
        assert.ok(answer.reset === null || (answer.reset === 0 && plan.refusesRest));
      }
    }
  }
}
