import type { KubeObject } from '../api/meta.ts';
import { keyOf } from './resources.ts';

export interface Change<T> {
  readonly type: 'Added' | 'Updated' | 'Deleted';
  readonly key: string;
  /** As it is now; deleted: as it was last known. */
  readonly object: T;
  /** What it was before; null where it is added. */
  readonly previous: T | null;
}

/** From an object to the values that it is found by. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** What is known of a resource, by key and by indexes. Changing it returns what changed; an object with another uid is another object. */
export class Store<T extends KubeObject> {
  #objects = new Map<string, T>();
  readonly #indexFunctions: ReadonlyMap<string, IndexFunction<T>>;
  #indexes: Map<string, Map<string, Set<string>>>;

  constructor(indexes: Readonly<Record<string, IndexFunction<T>>> = {}) {
    this.#indexFunctions = new Map(Object.entries(indexes));
    this.#indexes = this.#emptyIndexes();
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  keys(): string[] {
    return [...this.#objects.keys()];
  }

  byIndex(index: string, value: string): T[] {
    const values = this.#indexes.get(index);
    if (values === undefined) throw new TypeError(`there is no index "${index}"`);
    return [...(values.get(value) ?? [])].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Added or updated. A successor of the same name, whose predecessor's end was missed, is a deletion and an addition. */
  put(object: T): Change<T>[] {
    const key = keyOf(object);
    const previous = this.#objects.get(key) ?? null;
    if (previous !== null) this.#unindex(key, previous);
    this.#objects.set(key, object);
    this.#index(key, object);
    return changesOf(key, previous, object);
  }

  remove(key: string): Change<T>[] {
    const previous = this.#objects.get(key);
    if (previous === undefined) return [];
    this.#objects.delete(key);
    this.#unindex(key, previous);
    return [{ type: 'Deleted', key, object: previous, previous }];
  }

  /** All at once: a reader sees the old whole or the new whole. What has not changed is no change. */
  replace(objects: readonly T[]): Change<T>[] {
    const before = this.#objects;
    this.#objects = new Map(objects.map((object) => [keyOf(object), object]));
    this.#indexes = this.#emptyIndexes();
    const changes: Change<T>[] = [];
    for (const [key, previous] of before) {
      if (!this.#objects.has(key)) changes.push({ type: 'Deleted', key, object: previous, previous });
    }
    for (const [key, object] of this.#objects) {
      this.#index(key, object);
      const previous = before.get(key) ?? null;
      if (previous === null || !isSame(previous, object)) changes.push(...changesOf(key, previous, object));
    }
    return changes;
  }

  #emptyIndexes(): Map<string, Map<string, Set<string>>> {
    return new Map([...this.#indexFunctions.keys()].map((index) => [index, new Map()]));
  }

  #index(key: string, object: T): void {
    for (const [index, valuesOf] of this.#indexFunctions) {
      const keysByValue = this.#indexes.get(index);
      for (const value of valuesOf(object)) {
        const keys = keysByValue?.get(value);
        if (keys === undefined) keysByValue?.set(value, new Set([key]));
        else keys.add(key);
      }
    }
  }

  #unindex(key: string, object: T): void {
    for (const [index, valuesOf] of this.#indexFunctions) {
      const keysByValue = this.#indexes.get(index);
      for (const value of valuesOf(object)) {
        const keys = keysByValue?.get(value);
        keys?.delete(key);
        if (keys?.size === 0) keysByValue?.delete(value);
      }
    }
  }
}

function changesOf<T extends KubeObject>(key: string, previous: T | null, object: T): Change<T>[] {
  if (previous === null) return [{ type: 'Added', key, object, previous }];
  if (previous.metadata?.uid === object.metadata?.uid) return [{ type: 'Updated', key, object, previous }];
  return [
    { type: 'Deleted', key, object: previous, previous },
    { type: 'Added', key, object, previous: null },
  ];
}

function isSame(a: KubeObject, b: KubeObject): boolean {
  return a.metadata?.uid === b.metadata?.uid && a.metadata?.resourceVersion === b.metadata?.resourceVersion;
}
