import { existsSync, type FSWatcher, readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Where the system's own notices do not come (network file systems, mounts into containers), the files are looked at this often. */
const POLL_MS = 1000;
/** Editors write a file in several steps. */
const QUIET_MS = 100;
/** So often in a row is a file to be found away before it counts as gone. */
const GONE_LOOKS = 2;

export interface FileWatchEvents {
  /** The text of one of the files has become another. A file that is away has not changed. */
  readonly onChange: () => void;
  /** A file has been away for longer than an editor takes to put another in its place. Told once, until it is back. */
  readonly onGone: (file: string) => void;
}

/** Watches `files`, by the system's notices and by looking. */
export class FileWatch {
  readonly #files: readonly string[];
  readonly #events: FileWatchEvents;
  readonly #watchers: FSWatcher[] = [];
  readonly #poll: NodeJS.Timeout;
  #quiet: NodeJS.Timeout | null = null;
  #texts: ReadonlyMap<string, string>;
  /** How often in a row the poll has found each file that is away to be so. */
  readonly #away = new Map<string, number>();

  constructor(files: readonly string[], events: FileWatchEvents) {
    this.#files = files;
    this.#events = events;
    this.#texts = new Map(files.map((file) => [file, this.#read(file) ?? '']));
    // The directory, since most editors put a new file in the place of the old one.
    for (const directory of new Set(files.map((file) => dirname(file)))) this.#watch(directory);
    this.#poll = setInterval(() => {
      this.#look();
      this.#miss();
    }, POLL_MS);
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
    const before = this.#texts;
    this.#texts = new Map(this.#files.map((file) => [file, this.#read(file) ?? before.get(file) ?? '']));
    if (this.#files.some((file) => this.#texts.get(file) !== before.get(file))) this.#events.onChange();
  }

  #read(file: string): string | null {
    try {
      const text = readFileSync(file, 'utf8');
      this.#away.delete(file);
      return text;
    } catch {
      return null;
    }
  }

  #miss(): void {
    for (const file of this.#files.filter((each) => !existsSync(each))) {
      const looks = (this.#away.get(file) ?? 0) + 1;
      this.#away.set(file, looks);
      if (looks === GONE_LOOKS) this.#events.onGone(file);
    }
  }
}
