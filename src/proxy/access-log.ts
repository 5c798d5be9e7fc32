/** One finished exchange. */
export interface AccessEntry {
  readonly listener: string;
  readonly client: string;
  readonly method: string;
  readonly target: string;
  /** 499: the client left before it had a status. */
  readonly status: number;
  readonly durationMs: number;
  /** The endpoint that answered; empty: none did. */
  readonly endpoint: string;
  readonly attempts: number;
  /** Why it failed; empty: it did not. */
  readonly failure: string;
}

export interface AccessLog {
  write(entry: AccessEntry): void;
}

const FLUSH_BYTES = 32_768;
/** What a reader that has stopped reading may make us hold; beyond it lines are dropped, and counted. */
const HELD_BYTES = 4_194_304;

/** JSON lines, put together by hand and written many at a time: JSON.stringify and a write for each would double their cost. */
export class JsonAccessLog implements AccessLog {
  readonly #out: NodeJS.WritableStream & { readonly writableLength: number };
  #pending = '';
  #scheduled = false;
  #dropped = 0;

  constructor(out: NodeJS.WritableStream & { readonly writableLength: number }) {
    this.#out = out;
  }

  write(entry: AccessEntry): void {
    const { listener, client, method, target, status, durationMs, endpoint, attempts, failure } = entry;
    this.#pending +=
      `{"time":"${new Date().toISOString()}","listener":"${listener}","client":"${client}","method":"${method}","target":${JSON.stringify(target)},` +
      `"status":${status},"durationMs":${durationMs.toFixed(2)},"endpoint":"${endpoint}","attempts":${attempts},"failure":"${failure}"}\n`;
    if (this.#pending.length >= FLUSH_BYTES) this.flush();
    else if (!this.#scheduled) this.#schedule();
  }

  flush(): void {
    const text = this.#pending;
    this.#pending = '';
    if (text === '') return;
    if (this.#out.writableLength > HELD_BYTES) {
      this.#dropped += text.split('\n').length - 1;
      return;
    }
    const note = this.#dropped === 0 ? '' : `{"time":"${new Date().toISOString()}","dropped":${this.#dropped}}\n`;
    this.#dropped = 0;
    this.#out.write(note + text);
  }

  #schedule(): void {
    this.#scheduled = true;
    setTimeout(() => {
      this.#scheduled = false;
      this.flush();
    }, 100).unref();
  }
}
