/** The place of a member; whoever has it may put another member there. */
export interface Place<T> {
  member: T;
  /** Roster's own. */
  index: number;
}

/**
 * Those that come and go quickly, in no order. A Set would do, were it not for the garbage collector: after so many additions a Set makes a new
 * table, and its old one points to that. Once one of its tables has grown old, the collection of young objects takes all later tables for alive,
 * with all that ever was in them.
 */
export class Roster<T> {
  readonly #places: Place<T>[] = [];

  get size(): number {
    return this.#places.length;
  }

  add(member: T): Place<T> {
    const place = { member, index: this.#places.length };
    this.#places.push(place);
    return place;
  }

  /** Not twice. */
  delete(place: Place<T>): void {
    const last = this.#places.pop() as Place<T>;
    if (last === place) return;
    this.#places[place.index] = last;
    last.index = place.index;
  }

  /** As they are now, whatever comes and goes while somebody goes through them. */
  members(): T[] {
    return this.#places.map(({ member }) => member);
  }
}
