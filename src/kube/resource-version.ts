/**
 * Whether resource version `a` came before `b`. They are decimal numbers that only grow (since Kubernetes 1.35 by contract): where
 * one goes back, etcd was restored from a backup, or another API server answers from an older state. False where one is no number.
 */
export function isOlderVersion(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
