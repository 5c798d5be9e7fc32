import { type ChildProcess, spawn } from 'node:child_process';
import type { LogOutput } from '../proxy/access-log.ts';
import { describeError } from '../telemetry/logger.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

/** A message that waits for its answer. */
type Question = Extract<ToWorker, { question: number }>;
export type Asked<T> = T extends Question ? Omit<T, 'question'> : never;
export type Answer = Extract<FromWorker, { type: 'Answer' }>['answer'];

export interface WorkerProcessOptions {
  /** Words that start this program as a worker. */
  readonly command: readonly string[];
  /** Where its access log goes. */
  readonly output: LogOutput;
  readonly onMessage: (message: Exclude<FromWorker, { type: 'Answer' }>) => void;
  /** It is gone, and nothing more comes from it. `how`: its exit code, or the signal that ended it. */
  readonly onEnd: (how: string) => void;
}

/** What a reader of the access log that does not keep up may make us hold, before the worker has to hold it. */
const HELD_BYTES = 1_048_576;
const LF = 0x0a;

/** One worker's process, from its start to its end. It ends when the channel between us does, whatever ends that. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #output: LogOutput;
  readonly #questions = new Map<number, (answer: Answer | 'NoAnswer') => void>();
  #asked = 0;
  #line: Buffer = Buffer.alloc(0);
  /** Resolves when it is gone. */
  readonly ended: Promise<void>;

  constructor({ command, output, onMessage, onEnd }: WorkerProcessOptions) {
    const [program = '', ...words] = command;
    this.#output = output;
    this.#child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    this.#child.on('message', (message: FromWorker) => {
      if (message.type === 'Answer') this.#answered(message.question, message.answer);
      else onMessage(message);
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#relay(chunk));
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise.then((how) => {
      for (const question of [...this.#questions.keys()]) this.#answered(question, 'NoAnswer');
      onEnd(how);
    });
    this.#child.once('close', (code, signal) => resolve(signal ?? `exit code ${code ?? 'unknown'}`));
    // Where it could not be started nothing else follows; else the message was for one that is gone.
    this.#child.on('error', (error) => {
      if (this.#child.pid === undefined) resolve(describeError(error));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** `NoAnswer`: it has ended before, or `patienceMs` are over. */
  ask(message: Asked<ToWorker>, patienceMs = Number.POSITIVE_INFINITY): Promise<Answer | 'NoAnswer'> {
    const question = ++this.#asked;
    return new Promise((resolve) => {
      if (!this.#child.connected) return resolve('NoAnswer');
      const timer = Number.isFinite(patienceMs) ? setTimeout(() => this.#answered(question, 'NoAnswer'), patienceMs) : undefined;
      this.#questions.set(question, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#child.send({ ...message, question });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #answered(question: number, answer: Answer | 'NoAnswer'): void {
    const settle = this.#questions.get(question);
    this.#questions.delete(question);
    settle?.(answer);
  }

  /** Whole lines only: those of several workers go to one place. */
  #relay(chunk: Buffer): void {
    const end = chunk.lastIndexOf(LF) + 1;
    if (end === 0) {
      this.#line = Buffer.concat([this.#line, chunk]);
      return;
    }
    const lines = this.#line.length === 0 ? chunk.subarray(0, end) : Buffer.concat([this.#line, chunk.subarray(0, end)]);
    this.#line = Buffer.from(chunk.subarray(end));
    if (this.#output.writableLength < HELD_BYTES) {
      this.#output.write(lines);
      return;
    }
    this.#child.stdout?.pause();
    this.#output.write(lines, () => this.#child.stdout?.resume());
  }
}
