import { isJsonObject, type JsonObject } from '../api/json.ts';
import { ConfigError } from './errors.ts';

/** Reads a value of JSON that nobody has vouched for; `path` says where it stands. Throws ConfigError on what it does not expect. */
export type Reader<T> = (value: unknown, path: string) => T;

export function fail(path: string, expected: string, value: unknown): never {
  const found = value === undefined ? 'is missing' : `is ${JSON.stringify(value)?.slice(0, 80)}`;
  throw new ConfigError('ConfigFormat', `${path} ${found}, expected ${expected}`);
}

export const text: Reader<string> = (value, path) => (typeof value === 'string' ? value : fail(path, 'a string', value));

export const flag: Reader<boolean> = (value, path) => (typeof value === 'boolean' ? value : fail(path, 'true or false', value));

/** A finite number from `min` up. */
export function number(min: number, max = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (value, path) =>
    typeof value === 'number' && value >= min && value <= max ? value : fail(path, `a number from ${min} to ${max}`, value);
}

export function oneOf<T extends string>(...values: readonly T[]): Reader<T> {
  return (value, path) => values.find((each) => each === value) ?? fail(path, values.join(' or '), value);
}

export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null ? null : reader(value, path));
}

export function either<A, B>(first: Reader<A>, test: (value: unknown) => boolean, second: Reader<B>): Reader<A | B> {
  return (value, path) => (test(value) ? first(value, path) : second(value, path));
}

export function list<T>(item: Reader<T>): Reader<T[]> {
  return (value, path) =>
    Array.isArray(value) ? value.map((each, index) => item(each, `${path}[${index}]`)) : fail(path, 'a list', value);
}

/** An object of just these fields: what a newer writer added beside them is left out. */
export function object<T extends object>(fields: { readonly [K in keyof T]: Reader<T[K]> }): Reader<T> {
  return (value, path) => {
    const from = record(value, path);
    const entries = Object.entries(fields) as [string, Reader<unknown>][];
    return Object.fromEntries(entries.map(([name, reader]) => [name, reader(from[name], path ? `${path}.${name}` : name)])) as T;
  };
}

/** One of several kinds of objects, told apart by their `type`. */
export function union<T extends { readonly type: string }>(
  members: { readonly [K in T['type']]: Reader<Extract<T, { type: K }>> },
): Reader<T> {
  const readers = new Map(Object.entries(members) as [string, Reader<T>][]);
  return (value, path) => {
    const { type } = record(value, path);
    const reader = typeof type === 'string' ? readers.get(type) : undefined;
    return reader ? reader(value, path) : fail(`${path}.type`, [...readers.keys()].join(' or '), type);
  };
}

function record(value: unknown, path: string): JsonObject {
  return isJsonObject(value) ? value : fail(path || 'the configuration', 'an object', value);
}
