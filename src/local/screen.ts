import type { WriteStream } from 'node:tty';

/**
 * A block of lines at the bottom of a terminal that is painted again and again, with ordinary lines going by above it.
 * Plain ANSI: cursor up, erase below, and synchronised output, which terminals that do not know it ignore.
 */
export class Screen {
  readonly #out: WriteStream;
  #painted: readonly string[] = [];

  constructor(out: WriteStream) {
    this.#out = out;
    this.#out.write('\x1b[?25l');
  }

  get width(): number {
    return Math.max(40, this.#out.columns || 80);
  }

  /** Replaces the block. What does not fit into the terminal's height is cut at its end. */
  paint(lines: readonly string[]): void {
    const room = Math.max(3, (this.#out.rows || 24) - 1);
    this.#draw([], lines.length > room ? lines.slice(0, room) : lines);
  }

  /** A line above the block, that stays. */
  print(line: string): void {
    this.#draw([line], this.#painted);
  }

  /** Leaves the last block standing, and the cursor below it. */
  close(): void {
    this.#out.write('\x1b[?25h');
  }

  #draw(above: readonly string[], block: readonly string[]): void {
    const back = this.#painted.length > 0 ? `\x1b[${this.#painted.length}A\r` : '';
    const text = [...above, ...block].map((line) => `${line}\n`).join('');
    this.#out.write(`\x1b[?2026h${back}\x1b[J${text}\x1b[?2026l`);
    this.#painted = block;
  }
}
