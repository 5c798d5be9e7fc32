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
  /** Resolves when all that was written is out, or its reader has had a second to take it. */
  close(): Promise<void>;
}

export type LogOutput = NodeJS.WritableStream & { readonly writableLength: number };

const FLUSH_BYTES = 32_768;
const FLUSH_MS = 100;
/** What a reader that has stopped reading may make us hold; beyond it lines are dropped, and counted. */
const HELD_BYTES = 4_194_304;
const CLOSE_MS = 1_000;
const LF = 0x0a;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON has to escape.
const NOT_PLAIN = /["\\\u0000-\u001f\u007f-\uffff]/;

/**
 * JSON lines, put together by hand into a buffer and written many at a time: with a string that grows, JSON.stringify, and a date for each
 * line they cost three times as much.
 */
export class JsonAccessLog implements AccessLog {
  readonly #out: LogOutput;
  #buffer = Buffer.alloc(0);
  #length = 0;
  #scheduled = false;
  #dropped = 0;
  #millisecond = 0;
  #time = '';

  constructor(out: LogOutput) {
    this.#out = out;
  }

  write(entry: AccessEntry): void {
    const { listener, client, method, target, status, durationMs, endpoint, attempts, failure } = entry;
    const line =
      `{"time":"${this.#now()}","listener":"${listener}","client":"${client}","method":"${method}","target":${quoted(target)},"status":${status},` +
      `"durationMs":${Math.round(durationMs * 100) / 100},"endpoint":"${endpoint}","attempts":${attempts},"failure":"${failure}"}\n`;
    if (this.#length + line.length > this.#buffer.length) {
      this.flush();
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(FLUSH_BYTES, line.length));
    }
    // Plain ASCII, so that each character is a byte.
    this.#length += this.#buffer.write(line, this.#length, 'latin1');
    if (!this.#scheduled) this.#schedule();
  }

  flush(): void {
    if (this.#length === 0) return;
    // The stream may hold on to these bytes, so the next ones go behind them.
    const lines = this.#buffer.subarray(0, this.#length);
    this.#buffer = this.#buffer.subarray(this.#length);
    this.#length = 0;
    if (this.#out.writableLength > HELD_BYTES) {
      this.#dropped += count(lines, LF);
      return;
    }
    if (this.#dropped > 0) this.#out.write(`{"time":"${this.#now()}","dropped":${this.#dropped}}\n`);
    this.#dropped = 0;
    this.#out.write(lines);
  }

  close(): Promise<void> {
    this.flush();
    if (this.#out.writableLength === 0) return Promise.resolve();
    return new Promise((resolve) => {
      setTimeout(resolve, CLOSE_MS).unref();
      this.#out.write('', () => resolve());
    });
  }

  /** Thousands of lines may share a millisecond. */
  #now(): string {
    const now = Date.now();
    if (now !== this.#millisecond) {
      this.#millisecond = now;
      this.#time = new Date(now).toISOString();
    }
    return this.#time;
  }

  #schedule(): void {
    this.#scheduled = true;
    setTimeout(() => {
      this.#scheduled = false;
      this.flush();
    }, FLUSH_MS).unref();
  }
}

/** As a string of JSON, of plain ASCII. */
function quoted(text: string): string {
  if (!NOT_PLAIN.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function count(bytes: Buffer, byte: number): number {
  let found = 0;
  for (const each of bytes) if (each === byte) found++;
  return found;
}
