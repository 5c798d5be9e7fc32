import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';

/** What cannot be used of a file's content, in words that follow the file's name. */
export class ContentError extends Error {
  override readonly name = 'ContentError';
}

/**
 * A value made of files that may be missing and may change at any time (a mounted Secret, which the kubelet replaces as a whole): the
 * last good one goes on until a better one is there. Files are read synchronously: they are few, small, and in memory.
 */
export class FileBacked<T> {
  readonly #files: readonly string[];
  readonly #make: (texts: readonly string[]) => T;
  #signature = '';
  #value: T | null = null;
  #problem = '';

  /** `make` throws a ContentError where the texts, in the order of `files`, make no value. */
  constructor(files: readonly string[], make: (texts: readonly string[]) => T) {
    this.#files = files;
    this.#make = make;
  }

  /** Null: none could be made yet. */
  get value(): T | null {
    return this.#value;
  }

  /** Why there is none, or why the newest files are not used; empty: they are. */
  get problem(): string {
    return this.#problem;
  }

  /** Looks at the files, and takes over what has changed. True: there is a new value. */
  look(): boolean {
    const signature = this.#sign();
    if (signature === this.#signature) return false;
    try {
      const texts = this.#files.map((file) => readFileSync(file, 'utf8'));
      // Replaced while they were read: the parts may not belong together, and the next look sees them whole.
      if (this.#sign() !== signature) return false;
      this.#signature = signature;
      this.#value = this.#make(texts);
      this.#problem = '';
      return true;
    } catch (error) {
      this.#signature = signature;
      this.#problem = describe(error);
      return false;
    }
  }

  #sign(): string {
    return this.#files.map(signatureOf).join(' ');
  }
}

function signatureOf(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return `${ino}/${size}/${mtimeNs}/${ctimeNs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}

function describe(error: unknown): string {
  if (error instanceof ContentError) return error.message;
  const { code, path = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return `it is missing or has no ${basename(path)} (there is no ${path})`;
  return message;
}
