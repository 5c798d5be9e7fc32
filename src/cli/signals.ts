/**
 * Resolves at the first SIGINT or SIGTERM. From then on a second one ends the process at once, as it would by default.
 * Called before anything is started, so that an early signal is not lost.
 */
export function ended(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];
  const first = (signal: NodeJS.Signals): void => {
    for (const each of signals) process.off(each, first);
    resolve(signal);
  };
  for (const each of signals) process.on(each, first);
  return promise;
}
