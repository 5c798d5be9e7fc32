import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** What is in use, without what only waits to be collected. */
export function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
