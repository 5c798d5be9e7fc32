import { BALANCER_ADMIN_PORT } from '../api/v1alpha1/names.ts';

/** Ports below it cannot be bound by a process without rights. */
const FIRST_UNPRIVILEGED_PORT = 1024;
const SHIFT = 10_000;

/**
 * The port that the balancer binds in a cluster for each port of the Service. One of 1024 and up stays what it is; the others, and
 * the admin port's, take the first free one from 10000 above. Follows from the set alone, not from its order.
 */
export function bindPorts(ports: readonly number[]): ReadonlyMap<number, number> {
  const stays = (port: number) => port >= FIRST_UNPRIVILEGED_PORT && port !== BALANCER_ADMIN_PORT;
  const bound = new Map(ports.filter(stays).map((port) => [port, port]));
  const taken = new Set([...bound.values(), BALANCER_ADMIN_PORT]);
  const moved = ports.filter((port) => !stays(port)).sort((a, b) => a - b);
  for (const port of moved) {
    let free = port + SHIFT;
    while (taken.has(free)) free++;
    taken.add(free);
    bound.set(port, free);
  }
  return bound;
}
