/** Lines of a table, printed as they are found, and all together at the end. */
export class Report {
  readonly #began = performance.now();
  readonly #lines: [string, string][] = [];
  readonly #broken: string[] = [];

  /** A stage of the run has begun, or goes on. */
  progress(text: string): void {
    process.stderr.write(`scale: ${this.#seconds()} s: ${text}\n`);
  }

  add(what: string, value: string): void {
    this.#lines.push([what, value]);
    this.progress(`${what}: ${value}`);
  }

  /** What has to hold whatever the machine. */
  promise(what: string, holds: boolean): void {
    this.progress(`${holds ? 'holds' : 'BROKEN'}: ${what}`);
    if (!holds) this.#broken.push(what);
  }

  get broken(): readonly string[] {
    return this.#broken;
  }

  /** Markdown. */
  print(): void {
    process.stdout.write(
      ['| figure | value |', '|---|---|', ...this.#lines.map(([what, value]) => `| ${what} | ${value} |`), ''].join('\n'),
    );
  }

  #seconds(): string {
    return ((performance.now() - this.#began) / 1000).toFixed(0);
  }
}
