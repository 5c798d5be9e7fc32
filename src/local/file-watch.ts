import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Where the system's own notices do not come (network file systems, mounts into containers), the files are looked at this often. */
const POLL_MS = 1000;
/** Editors write a file in several steps. */
const QUIET_MS = 100;

/** Calls `onChange` when the text of one of `files` has become another. A file that is away for a moment has not changed. */
export class FileWatch {
  readonly #files: readonly string[];
  readonly #onChange: () => void;
  readonly #watchers: FSWatcher[] = [];
  readonly #poll: NodeJS.Timeout;
  #quiet: NodeJS.Timeout | null = null;
  #texts: ReadonlyMap<string, string>;

  constructor(files: readonly string[], onChange: () => void) {
    this.#files = files;
    this.#onChange = onChange;
    this.#texts = this.#read();
    // The directory, since most editors put a new file in the place of the old one.
    for (const directory of new Set(files.map((file) => dirname(file)))) this.#watch(directory);
    this.#poll = setInterval(() => this.#look(), POLL_MS);
  }

  close(): void {
    clearInterval(this.#poll);
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    for (const watcher of this.#watchers) watcher.close();
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => {
        if (this.#quiet !== null) clearTimeout(this.#quiet);
        this.#quiet = setTimeout(() => this.#look(), QUIET_MS);
      });
      watcher.on('error', () => watcher.close()); // polling goes on
      this.#watchers.push(watcher);
    } catch {
      // No more watches to be had from the system: polling it is.
    }
  }

  #look(): void {
    const texts = this.#read();
    const changed = this.#files.some((file) => texts.get(file) !== this.#texts.get(file));
    this.#texts = texts;
    if (changed) this.#onChange();
  }

  #read(): ReadonlyMap<string, string> {
    return new Map(this.#files.map((file) => [file, readOr(file, this.#texts?.get(file) ?? '')]));
  }
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}
